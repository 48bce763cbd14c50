using k8s.Models;
using Petrel.Client;
using Petrel.Faults;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Tests.Scenarios;

public sealed class PodsUnderCrashesTests
{
    [Fact]
    public void Every_pod_gets_one_node_for_good_whatever_breaks_meanwhile()
    {
        foreach (var seed in Seeds.To(20))
        {
            var result = SimulationRunner.RunSeed(new PodsUnderCrashes(), seed, new());
            Assert.True(result.Passed, Show.Violation(result));
        }
    }

    [Fact]
    public void Seeds_give_the_same_history_on_several_threads_at_once()
    {
        var alone = Seeds.To(4).Select(Digest).ToArray();
        var together = new string[4];
        Parallel.For(0, 4, new ParallelOptions { CancellationToken = TestContext.Current.CancellationToken }, i =>
            together[i] = Digest((ulong)i + 1)
        );

        Assert.Equal(alone, together);
        Assert.Distinct(alone);
    }

    private static string Digest(ulong seed) => SimulationRunner.RunSeed(new PodsUnderCrashes(), seed, new()).Digest;

    /// <summary>A user creates pods without any controller; the real server and scheduler, and agents that only report.</summary>
    private sealed class PodsUnderCrashes : IScenario
    {
        private const int Pods = 20;

        public string Name => "pods-under-crashes";

        public string Description => "creates pods while nodes lose power, programs restart and messages are delayed and lost";

        public WorldSettings World { get; } =
            new()
            {
                Nodes = 3,
                Controllers = NoneAsync,
                Agent = PuppetAgent.RunAsync,
            };

        public FaultSettings Faults { get; } = new() { Window = TimeSpan.FromSeconds(60), MeanInterval = TimeSpan.FromSeconds(2) };

        public TimeSpan ConvergeWithin { get; } = TimeSpan.FromSeconds(60);

        public async Task RunUserAsync(SimulatedWorld world, CancellationToken cancellationToken)
        {
            await Task.Yield();
            var user = world.User;
            for (var n = 0; n < Pods; n++)
            {
                await Retry.AsUserAsync(user.Time, () => CreateAsync(user.Client, $"pod-{n}", cancellationToken), cancellationToken);
                await Task.Delay(TimeSpan.FromMilliseconds(user.Entropy.Next(5000)), user.Time, cancellationToken);
            }
        }

        public string? Unfinished(SimulatedWorld world)
        {
            var running = world
                .Objects("/registry/core/pods/")
                .Count(p =>
                    p.Value.TryGetProperty("status", out var status)
                    && status.TryGetProperty("phase", out var phase)
                    && phase.GetString() == "Running"
                );
            return running == Pods ? null : $"{running} pods run, wanted are {Pods}";
        }

        private static Task NoneAsync(ProgramContext context, CancellationToken cancellationToken) =>
            Task.Delay(Timeout.InfiniteTimeSpan, context.Time, cancellationToken);

        private static async Task CreateAsync(ApiClient client, string name, CancellationToken cancellationToken)
        {
            if (await client.FindAsync<V1Pod>(new ObjectKey("default", name), cancellationToken) is null)
            {
                await client.CreateAsync(
                    new V1Pod
                    {
                        ApiVersion = "v1",
                        Kind = "Pod",
                        Metadata = new() { Name = name, NamespaceProperty = "default" },
                        Spec = new() { Containers = [new() { Name = "c", Image = "c:1" }] },
                    },
                    cancellationToken
                );
            }
        }
    }
}
