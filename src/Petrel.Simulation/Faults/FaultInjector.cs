using Petrel.Simulation.Network;
using Petrel.Simulation.Plans;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Faults;

/// <summary>
/// Applies a plan's faults to a world, each at its time and for its duration, whatever the others do. A fault whose target this world does
/// not have does nothing.
/// </summary>
/// <param name="target">What breaks.</param>
/// <param name="plan">When, what and for how long.</param>
/// <param name="time">The true time, which begins with the run.</param>
public sealed class FaultInjector(IFaultTarget target, RunPlan plan, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Injects until the last fault is over, then heals everything and returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var strikes = plan.Faults.Select(f => StrikeAsync(f, cancellationToken)).ToArray();
        await UntilAsync(plan.FaultsEnd, cancellationToken);
        target.HealAll();
        await Task.WhenAll(strikes);
    }

    // It waits for its time and for nothing before: until then the run is the same without it.
    private async Task StrikeAsync(PlannedFault fault, CancellationToken cancellationToken)
    {
        if (fault.At >= plan.FaultsEnd)
        {
            return;
        }
        await UntilAsync(fault.At, cancellationToken);
        target.Note("fault", $"begins: {FaultText.Of(fault)}");
        await StrikeNowAsync(fault, cancellationToken);
        target.Note("fault", $"ends: {FaultText.Of(fault)}");
    }

    private Task StrikeNowAsync(PlannedFault fault, CancellationToken cancellationToken)
    {
        var process = target.FindProcess(fault.Target);
        var node = target.FindNode(fault.Target);
        return fault.Kind switch
        {
            FaultKind.NodeCrash => node is null ? Task.CompletedTask : PowerCutAsync(node, fault, cancellationToken),
            FaultKind.AgentRestart => RestartAsync(node?.Agent, fault, cancellationToken),
            FaultKind.ServerRestart => RestartAsync(target.Server, fault, cancellationToken),
            FaultKind.ControllersRestart => RestartAsync(target.Controllers, fault, cancellationToken),
            FaultKind.SchedulerRestart => RestartAsync(target.Scheduler, fault, cancellationToken),
            FaultKind.CrashAtStep => CrashAtStepAsync(process, fault, cancellationToken),
            FaultKind.Partition => DuringAsync(
                target.Network.Disturb(new(fault.Target) { Blocked = fault.Direction ?? LinkDirection.Both }),
                fault,
                cancellationToken
            ),
            FaultKind.Weather or FaultKind.Duplication or FaultKind.Reordering or FaultKind.SlowLink => DuringAsync(
                target.Network.Disturb(new(fault.Target) { Conditions = fault.Link ?? LinkConditions.Good }),
                fault,
                cancellationToken
            ),
            FaultKind.StaleCache => DuringAsync(
                target.Network.Disturb(new(fault.Target) { HoldsStreams = true }),
                fault,
                cancellationToken
            ),
            FaultKind.WatchCut => CutAsync(fault.Target),
            FaultKind.Compaction => CompactionAsync(fault, cancellationToken),
            FaultKind.ClockJump => DuringAsync(process?.Wall.Begin(fault.Offset ?? default, 0), fault, cancellationToken),
            FaultKind.ClockDrift => DuringAsync(process?.Wall.Begin(default, (fault.Rate ?? 1) - 1), fault, cancellationToken),
            FaultKind.SlowDisk => DuringAsync(target.Disk.Begin(new() { Delay = fault.Delay ?? default }), fault, cancellationToken),
            FaultKind.FailingDisk => DuringAsync(
                target.Disk.Begin(new() { FailureProbability = fault.Probability ?? 1 }),
                fault,
                cancellationToken
            ),
            FaultKind.LostCommits => DuringAsync(
                target.Disk.Begin(new() { LostAnswerProbability = fault.Probability ?? 1 }),
                fault,
                cancellationToken
            ),
            FaultKind.CrashAfterCommit => CrashAfterCommitAsync(fault, cancellationToken),
            FaultKind.ContainerExit => ExitAsync(node?.Machine, fault),
            FaultKind.ImagePullFailure => DuringAsync(node?.Machine?.Faults.Begin(new() { PullsFail = true }), fault, cancellationToken),
            FaultKind.SlowStart => DuringAsync(
                node?.Machine?.Faults.Begin(new() { StartDelay = fault.Delay ?? default }),
                fault,
                cancellationToken
            ),
            _ => throw new NotSupportedException($"nobody knows how to make a fault of kind {fault.Kind}"),
        };
    }

    private async Task PowerCutAsync(SimulatedNode node, PlannedFault fault, CancellationToken cancellationToken)
    {
        node.PowerOff();
        await UntilEndAsync(fault, cancellationToken);
        node.PowerOn();
    }

    private async Task RestartAsync(RestartableProcess? process, PlannedFault fault, CancellationToken cancellationToken)
    {
        if (process is not null)
        {
            process.Crash();
            await UntilEndAsync(fault, cancellationToken);
            target.Restart(process);
        }
    }

    private async Task CrashAtStepAsync(RestartableProcess? process, PlannedFault fault, CancellationToken cancellationToken)
    {
        if (process?.Current is not { IsAlive: true } victim)
        {
            return;
        }
        var left = plan.FaultsEnd - Elapsed;
        var crashed = new CancellationTokenSource();
        victim.CrashAtStep(fault.Steps ?? 0, () =>
        {
            process.Crash();
            crashed.Cancel();
        });
        using var either = CancellationTokenSource.CreateLinkedTokenSource(crashed.Token, cancellationToken);
        try
        {
            await Task.Delay(left, time, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It has crashed.
        }
        crashed.Dispose();
        if (process.IsUp)
        {
            // It did not do so many steps; it will not die of it later either.
            victim.CrashAtStep(-1, static () => { });
            return;
        }
        await UntilAsync(Earlier(Elapsed + fault.Duration, plan.FaultsEnd), cancellationToken);
        target.Restart(process);
    }

    private async Task CrashAfterCommitAsync(PlannedFault fault, CancellationToken cancellationToken)
    {
        target.Disk.CrashAfterCommit();
        // Whenever that is, the server comes back at the end.
        await UntilEndAsync(fault, cancellationToken);
        target.Restart(target.Server);
    }

    // What the process has seen is forgotten before it can resume: by the store, and by the server's memory, which a restart empties.
    private async Task CompactionAsync(PlannedFault fault, CancellationToken cancellationToken)
    {
        using (target.Network.Disturb(new(fault.Target) { Blocked = LinkDirection.Both }))
        {
            target.Network.CutStreams(fault.Target);
            await UntilEndAsync(fault, cancellationToken);
            await target.CompactAsync(cancellationToken);
            target.Server.Crash();
            target.Restart(target.Server);
        }
    }

    private Task CutAsync(string process)
    {
        target.Network.CutStreams(process);
        return Task.CompletedTask;
    }

    private static Task ExitAsync(SimulatedMachine? machine, PlannedFault fault)
    {
        machine?.EndContainer(fault.Choice ?? 0, fault.ExitCode ?? 1);
        return Task.CompletedTask;
    }

    private async Task DuringAsync(IDisposable? effect, PlannedFault fault, CancellationToken cancellationToken)
    {
        using (effect)
        {
            await UntilEndAsync(fault, cancellationToken);
        }
    }

    // Never beyond the end of all faults: what is broken then is healed all at once.
    private Task UntilEndAsync(PlannedFault fault, CancellationToken cancellationToken) =>
        UntilAsync(Earlier(fault.End, plan.FaultsEnd), cancellationToken);

    private Task UntilAsync(TimeSpan at, CancellationToken cancellationToken) =>
        at > Elapsed ? Task.Delay(at - Elapsed, time, cancellationToken) : Task.CompletedTask;

    private TimeSpan Elapsed => time.GetElapsedTime(_start);

    private static TimeSpan Earlier(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
