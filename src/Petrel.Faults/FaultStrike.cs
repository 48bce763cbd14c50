namespace Petrel.Faults;

/// <summary>One fault while it is active.</summary>
public sealed class FaultStrike<TParameters>(PlannedFault fault, TParameters parameters, FaultClock clock)
    where TParameters : FaultParameters
{
    public TParameters Parameters => parameters;

    /// <summary>The process or node; empty for all.</summary>
    public string Target => fault.Target;

    /// <summary>The time until all faults heal.</summary>
    public TimeSpan UntilHealed => clock.HealAt - clock.Elapsed;

    /// <summary>Waits until the fault is over.</summary>
    public Task UntilEndAsync(CancellationToken cancellationToken) => clock.UntilAsync(fault.End, cancellationToken);

    /// <summary>Waits for the fault's duration from now on. For faults whose effect begins late.</summary>
    public Task ForDurationAsync(CancellationToken cancellationToken) =>
        clock.UntilAsync(clock.Elapsed + fault.Duration, cancellationToken);

    /// <summary>Begins an effect and ends it when the fault is over. Returns at once when the cluster has no such target.</summary>
    public async Task DuringAsync(ValueTask<IAsyncDisposable?> begin, CancellationToken cancellationToken)
    {
        if (await begin is not { } effect)
        {
            return;
        }
        await using (effect)
        {
            await UntilEndAsync(cancellationToken);
        }
    }
}
