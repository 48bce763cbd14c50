using Petrel.Faults.Capabilities;

namespace Petrel.Faults;

/// <summary>
/// Injects planned faults into a cluster, each at its time and for its duration, independently of the others. A fault has no effect when
/// the cluster does not have its target.
/// </summary>
/// <param name="cluster">The cluster.</param>
/// <param name="registry">The definitions of the faults.</param>
/// <param name="faults">The faults to inject.</param>
/// <param name="clock">The clock of the run.</param>
/// <param name="note">Receives a line for each fault that begins or ends.</param>
public sealed class FaultInjector(
    ICanHeal cluster,
    FaultRegistry registry,
    IReadOnlyList<PlannedFault> faults,
    FaultClock clock,
    Action<string> note
)
{
    /// <summary>Injects all faults, waits until the last one is over, then heals the cluster and returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var strikes = faults.Where(f => f.At < clock.HealAt).Select(f => InjectAsync(f, cancellationToken)).ToArray();
        await clock.UntilAsync(clock.HealAt, cancellationToken);
        await cluster.HealAllAsync(cancellationToken);
        await Task.WhenAll(strikes);
    }

    // Do nothing before the fault's time, so that the run up to then is the same as without the fault.
    private async Task InjectAsync(PlannedFault fault, CancellationToken cancellationToken)
    {
        await clock.UntilAsync(fault.At, cancellationToken);
        var definition = registry.DefinitionOf(fault);
        var text = definition.DescribeFault(fault);
        note($"begins: {text}");
        await definition.StrikeAsync(cluster, fault, clock, cancellationToken);
        note($"ends: {text}");
    }
}
