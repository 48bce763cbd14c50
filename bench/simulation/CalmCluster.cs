using k8s.Models;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Plans;
using Petrel.Simulation.World;

namespace Petrel.Bench.Simulation;

/// <summary>
/// A cluster in which nothing happens any more: Deployments have their pods, the pods run. What is left is what every cluster does
/// all the time: leases, statuses, bookmarks, resyncs, and every controller watching.
/// </summary>
internal static class CalmCluster
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(300);

    public static Figures Measure(int nodes, int deployments, int replicas, TimeSpan warmUp, TimeSpan duration)
    {
        using var simulator = new Simulator(new SimulatorSettings { Seed = 1, LastLines = 20 });
        var plan = new RunPlan
        {
            Scenario = "calm",
            Seed = 1,
            World = new() { Nodes = nodes, TolerationSeconds = 20 },
            FaultsEnd = TimeSpan.Zero,
        };
        var world = new SimulatedWorld(simulator, Settings(nodes), plan);
        world.Start();
        simulator.Spawn(world.Outside, "user", stop => DeployAsync(world, deployments, replicas, stop));
        if (!simulator.RunUntil(() => Running(world) == deployments * replicas, StartLimit))
        {
            throw new InvalidOperationException(
                $"{Running(world)} of {deployments * replicas} pods run after {StartLimit.TotalSeconds} virtual seconds."
            );
        }
        simulator.Run(warmUp);
        var meter = new Meter(simulator, world);
        simulator.Run(duration);
        var figures = meter.Stop();
        return simulator.Findings.Count == 0 && Running(world) == deployments * replicas
            ? figures
            : throw new InvalidOperationException($"The cluster was not calm: {string.Join(", ", simulator.Findings)}");
    }

    // At the pace that a cluster has by default; runs that rehearse the loss of nodes renew more often.
    private static WorldSettings Settings(int nodes) =>
        new()
        {
            Nodes = nodes,
            Controllers = RealPrograms.ControllersFor(NodePace.Upstream),
            Agent = RealPrograms.AgentFor(NodePace.Upstream),
        };

    private static int Running(SimulatedWorld world) =>
        world
            .Objects("/registry/core/pods/")
            .Count(p => p.Value.GetProperty("status").TryGetProperty("phase", out var phase) && phase.ValueEquals("Running"));

    private static async Task DeployAsync(SimulatedWorld world, int deployments, int replicas, CancellationToken cancellationToken)
    {
        await Task.Yield();
        for (var i = 1; i <= deployments; i++)
        {
            var labels = new Dictionary<string, string> { ["app"] = $"web-{i}" };
            var deployment = new V1Deployment
            {
                ApiVersion = "apps/v1",
                Kind = "Deployment",
                Metadata = new() { Name = $"web-{i}", NamespaceProperty = "default" },
                Spec = new()
                {
                    Replicas = replicas,
                    Selector = new() { MatchLabels = labels },
                    Template = new()
                    {
                        Metadata = new() { Labels = labels },
                        Spec = new() { Containers = [new() { Name = "web", Image = "web:1" }] },
                    },
                },
            };
            while (true)
            {
                try
                {
                    await world.User.Client.CreateAsync(deployment, cancellationToken);
                    break;
                }
                catch (IOException)
                {
                    // The server is not up yet.
                    await Task.Delay(TimeSpan.FromSeconds(1), world.User.Time, cancellationToken);
                }
            }
        }
    }
}
