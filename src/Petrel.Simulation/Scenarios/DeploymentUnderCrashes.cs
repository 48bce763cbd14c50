using System.Text.Json;
using k8s.Models;
using Petrel.Client;
using Petrel.Faults;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Scenarios;

/// <summary>
/// A user deploys, rolls out twice and scales, another one counts in ConfigMaps, while nodes lose power, programs die and the
/// network misbehaves. When faults stop, the wanted replicas of the newest template must be ready.
/// </summary>
public sealed class DeploymentUnderCrashes : IScenario
{
    private const string Namespace = "default";
    private const string Deployment = "web";
    private const int Registers = 8;

    /// <inheritdoc/>
    public string Name => "deployment-under-crashes";

    /// <inheritdoc/>
    public string Description =>
        "deploys, rolls out twice and scales while nodes lose power, programs restart and messages are delayed and lost";

    /// <inheritdoc/>
    public WorldSettings World { get; } = new() { Nodes = 5 };

    /// <inheritdoc/>
    public FaultSettings Faults { get; } = new();

    /// <inheritdoc/>
    public TimeSpan ConvergeWithin { get; } = TimeSpan.FromSeconds(300);

    /// <inheritdoc/>
    public async Task RunUserAsync(SimulatedWorld world, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var user = world.User;
        var writer = new RegisterWriter(user.Client, world.AcknowledgedWrites, user.Time, user.Entropy.Fork(), world.Report, Registers);
        var writing = writer.RunAsync(Faults.Window, cancellationToken);
        await DeployAsync(user, cancellationToken);
        await writing;
        await writer.CheckAllAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public string? Unfinished(SimulatedWorld world)
    {
        var deployment = world.Objects("/registry/apps/deployments/").Select(o => o.Value).FirstOrDefault(d => d.Name() == Deployment);
        if (deployment.ValueKind == JsonValueKind.Undefined)
        {
            return "the Deployment does not exist";
        }
        var replicas = deployment.Number("spec", "replicas");
        if (deployment.Number("status", "observedGeneration") != deployment.Number("metadata", "generation"))
        {
            return "the Deployment's newest generation is not observed";
        }
        foreach (var field in new[] { "replicas", "updatedReplicas", "readyReplicas", "availableReplicas" })
        {
            if ((deployment.Number("status", field) ?? 0) != replicas)
            {
                return $"the Deployment's status.{field} is {deployment.Number("status", field) ?? 0}, wanted are {replicas}";
            }
        }
        var image = deployment.At("spec", "template", "spec", "containers")!.Value[0].Text("image");
        var pods = world.Objects("/registry/core/pods/").ToList();
        var ready = pods.Count(p =>
            IsReady(p.Value) && !p.Value.IsTerminating() && p.Value.At("spec", "containers")!.Value[0].Text("image") == image
        );
        if (ready != replicas)
        {
            return $"{ready} pods are ready with {image}, wanted are {replicas}";
        }
        return pods.Where(p => p.Value.IsTerminating()).Select(p => $"{p.Key} is still terminating").FirstOrDefault()
            ?? pods.Where(p => !IsReady(p.Value) && p.Value.Text("status", "phase") is not ("Failed" or "Succeeded"))
                .Select(p => $"{p.Key} is not ready")
                .FirstOrDefault();
    }

    private static async Task DeployAsync(SimulatedUser user, CancellationToken cancellationToken)
    {
        await Retry.AsUserAsync(user.Time, () => CreateAsync(user, cancellationToken), cancellationToken);
        await PauseAsync(user, cancellationToken);
        await ChangeAsync(user, d => d.Spec.Template.Spec.Containers[0].Image = "web:2", cancellationToken);
        await PauseAsync(user, cancellationToken);
        await ChangeAsync(user, d => d.Spec.Replicas = 3 + user.Entropy.Next(6), cancellationToken);
        await PauseAsync(user, cancellationToken);
        await ChangeAsync(user, d => d.Spec.Template.Spec.Containers[0].Image = "web:3", cancellationToken);
    }

    // Sometimes the next change comes before the last one has taken effect.
    private static Task PauseAsync(SimulatedUser user, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromSeconds(1 + user.Entropy.Next(35)), user.Time, cancellationToken);

    private static async Task CreateAsync(SimulatedUser user, CancellationToken cancellationToken)
    {
        // An earlier attempt whose outcome is unknown may have succeeded.
        if (await user.Client.FindAsync<V1Deployment>(new ObjectKey(Namespace, Deployment), cancellationToken) is not null)
        {
            return;
        }
        var labels = new Dictionary<string, string> { ["app"] = Deployment };
        await user.Client.CreateAsync(
            new V1Deployment
            {
                ApiVersion = "apps/v1",
                Kind = "Deployment",
                Metadata = new() { Name = Deployment, NamespaceProperty = Namespace },
                Spec = new()
                {
                    Replicas = 5,
                    Selector = new() { MatchLabels = labels },
                    Strategy = new()
                    {
                        Type = "RollingUpdate",
                        RollingUpdate = new() { MaxSurge = 1, MaxUnavailable = 1 },
                    },
                    Template = new()
                    {
                        Metadata = new() { Labels = labels },
                        Spec = new() { TerminationGracePeriodSeconds = 5, Containers = [new() { Name = "web", Image = "web:1" }] },
                    },
                },
            },
            cancellationToken
        );
    }

    private static Task ChangeAsync(SimulatedUser user, Action<V1Deployment> change, CancellationToken cancellationToken) =>
        Retry.AsUserAsync(
            user.Time,
            async () =>
            {
                var deployment = await user.Client.GetAsync<V1Deployment>(new ObjectKey(Namespace, Deployment), cancellationToken);
                change(deployment);
                await user.Client.UpdateAsync(deployment, cancellationToken);
            },
            cancellationToken
        );

    private static bool IsReady(JsonElement pod)
    {
        if (pod.At("status", "conditions") is { } conditions)
        {
            foreach (var condition in conditions.EnumerateArray())
            {
                if (condition.Text("type") == "Ready")
                {
                    return condition.Text("status") == "True";
                }
            }
        }
        return false;
    }
}
