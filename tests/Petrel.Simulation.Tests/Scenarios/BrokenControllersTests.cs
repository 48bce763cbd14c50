using k8s.Models;
using Petrel.Client;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Tests.Scenarios;

public sealed class BrokenControllersTests
{
    [Fact]
    public void A_reconciler_that_counts_only_ready_pods_is_caught_by_the_surge_rule()
    {
        var caught = Seeds
            .To(50)
            .Select(seed =>
                SimulationRunner.RunSeed(
                    new DeploymentUnderCrashes(),
                    seed,
                    new() { World = world => world with { Controllers = NaiveAsync, Agent = PuppetAgent.RunAsync } }
                )
            )
            .FirstOrDefault(r => !r.Passed);

        Assert.NotNull(caught);
        Assert.True(caught.Violation!.Finding.Where == "surge", Show.Violation(caught));
        Assert.Contains("Deployment web has", caught.Violation.Finding.What, StringComparison.Ordinal);
    }

    // One ReplicaSet for the Deployment, at its replicas from the beginning; no rollouts.
    private static async Task NaiveAsync(ProgramContext context, CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var naive = new NaiveReplicaSets(context.Client, context.Time, context.Logs);
        var running = naive.RunAsync(cancellationToken);
        while (true)
        {
            try
            {
                if (await context.Client.FindAsync<V1Deployment>(new("default", "web"), cancellationToken) is { } deployment)
                {
                    await context.Client.CreateAsync(ReplicaSetOf(deployment), cancellationToken);
                    break;
                }
            }
            catch (Exception e) when (e is IOException or ApiException)
            {
                // It exists already, or the server is away.
            }
            await Task.Delay(TimeSpan.FromSeconds(1), context.Time, cancellationToken);
        }
        await running;
    }

    private static V1ReplicaSet ReplicaSetOf(V1Deployment deployment) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "ReplicaSet",
            Metadata = new()
            {
                Name = "web-1",
                NamespaceProperty = "default",
                Labels = deployment.Spec.Template.Metadata.Labels,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "apps/v1",
                        Kind = "Deployment",
                        Name = "web",
                        Uid = deployment.Metadata.Uid,
                        Controller = true,
                    },
                ],
            },
            Spec = new()
            {
                Replicas = deployment.Spec.Replicas,
                Selector = deployment.Spec.Selector,
                Template = deployment.Spec.Template,
            },
        };
}
