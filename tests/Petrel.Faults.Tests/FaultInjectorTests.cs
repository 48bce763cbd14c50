using Petrel.Faults.Capabilities;
using Petrel.Faults.Definitions;

namespace Petrel.Faults.Tests;

/// <summary>Faults need capabilities, not the simulator: this cluster offers two, and says what is done to it.</summary>
public sealed class FaultInjectorTests
{
    private readonly List<string> _notes = [];
    private readonly TwoNodes _cluster = new();

    [Fact]
    public async Task A_fault_begins_ends_and_is_noted_and_everything_heals()
    {
        await InjectAsync([Fault(AgentRestart.Definition, "node1")]);

        Assert.Equal(["kill node1", "start node1", "heal"], _cluster.Calls);
        Assert.Equal(["begins: the agent of node1 is down (for 0.01 s)", "ends: the agent of node1 is down (for 0.01 s)"], _notes);
    }

    [Fact]
    public async Task A_fault_whose_target_the_cluster_does_not_have_does_nothing()
    {
        await InjectAsync([Fault(NodeCrash.Definition, "node9")]);

        Assert.Equal(["cut power of node9", "heal"], _cluster.Calls);
    }

    [Fact]
    public async Task A_fault_that_begins_when_all_have_healed_is_left_out()
    {
        await InjectAsync([Fault(AgentRestart.Definition, "node1") with { At = TimeSpan.FromSeconds(1) }]);

        Assert.Equal(["heal"], _cluster.Calls);
        Assert.Empty(_notes);
    }

    [Fact]
    public async Task What_the_cluster_cannot_suffer_is_refused_with_the_capability_that_is_missing()
    {
        var refused = await Assert.ThrowsAsync<NotSupportedException>(() => InjectAsync([Fault(WatchCut.Definition, "node1")]));

        Assert.Contains(nameof(ICanDropWatches), refused.Message, StringComparison.Ordinal);
    }

    private Task InjectAsync(IReadOnlyList<PlannedFault> faults)
    {
        var clock = new FaultClock(TimeProvider.System, TimeSpan.FromMilliseconds(100));
        return new FaultInjector(_cluster, BuiltInFaults.Registry, faults, clock, _notes.Add).RunAsync(
            TestContext.Current.CancellationToken
        );
    }

    private static PlannedFault Fault(FaultDefinition definition, string target) =>
        new()
        {
            At = TimeSpan.Zero,
            Kind = definition.Name,
            Target = target,
            Duration = TimeSpan.FromMilliseconds(10),
        };

    private sealed class TwoNodes : ICanHeal, ICanRestart, ICanCutPower
    {
        public List<string> Calls { get; } = [];

        public ValueTask HealAllAsync(CancellationToken cancellationToken)
        {
            Calls.Add("heal");
            return default;
        }

        public ValueTask<IAsyncDisposable?> KillAsync(string process, CancellationToken cancellationToken) =>
            Begin($"kill {process}", process);

        public ValueTask<IAsyncDisposable?> CutPowerAsync(string node, CancellationToken cancellationToken) =>
            Begin($"cut power of {node}", node);

        private ValueTask<IAsyncDisposable?> Begin(string call, string target)
        {
            Calls.Add(call);
            return new(target is "node1" or "node2" ? new Start(() => Calls.Add($"start {target}")) : null);
        }

        private sealed class Start(Action start) : IAsyncDisposable
        {
            public ValueTask DisposeAsync()
            {
                start();
                return default;
            }
        }
    }
}
