using Petrel.Faults.Capabilities;

namespace Petrel.Faults;

/// <summary>
/// Injects planned faults into a cluster, each at its time and for its duration, independently of the others. A fault whose target the
/// cluster does not have does nothing.
/// </summary>
/// <param name="cluster">What breaks.</param>
/// <param name="registry">The definitions of the faults.</param>
/// <param name="faults">What is injected.</param>
/// <param name="clock">The time of the run.</param>
/// <param name="note">Gets a line for each fault that begins or ends.</param>
public sealed class FaultInjector(
    ICanHeal cluster,
    FaultRegistry registry,
    IReadOnlyList<PlannedFault> faults,
    FaultClock clock,
    Action<string> note
)
{
    /// <summary>Injects until the last fault is over, then heals everything and returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var strikes = faults.Where(f => f.At < clock.HealAt).Select(f => InjectAsync(f, cancellationToken)).ToArray();
        await clock.UntilAsync(clock.HealAt, cancellationToken);
        await cluster.HealAllAsync(cancellationToken);
        await Task.WhenAll(strikes);
    }

    // Does nothing before its time: until then, the run is the same without the fault.
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
