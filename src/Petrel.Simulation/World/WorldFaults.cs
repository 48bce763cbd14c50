using Petrel.Faults.Capabilities;
using Petrel.Faults.Links;

namespace Petrel.Simulation.World;

/// <summary>How a simulated cluster suffers faults: all capabilities, each by one object of the world.</summary>
/// <param name="world">The cluster.</param>
public sealed class WorldFaults(SimulatedWorld world)
    : ICanHeal,
        ICanCutPower,
        ICanCrashAtStep,
        ICanCrashAfterCommit,
        ICanImpairLink,
        ICanDelayWatches,
        ICanCompact,
        ICanSkewClock,
        ICanBreakDisk,
        ICanEndContainers,
        ICanFailImagePulls,
        ICanSlowContainerStarts
{
    /// <inheritdoc/>
    public ValueTask HealAllAsync(CancellationToken cancellationToken)
    {
        world.Network.HealAll();
        world.Disk.HealAll();
        foreach (var process in Processes)
        {
            process.Wall.Repair();
        }
        world.Server.Start();
        world.Controllers.Start();
        world.Scheduler.Start();
        foreach (var node in world.Nodes)
        {
            node.Machine?.Faults.HealAll();
            node.PowerOn();
        }
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> KillAsync(string process, CancellationToken cancellationToken)
    {
        if (FindProcess(process) is not { } found)
        {
            return default;
        }
        found.Crash();
        return new(Restart(found));
    }

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> CutPowerAsync(string node, CancellationToken cancellationToken)
    {
        if (FindNode(node) is not { } found)
        {
            return default;
        }
        found.PowerOff();
        return new(new Effect(found.PowerOn));
    }

    /// <inheritdoc/>
    public async Task<IAsyncDisposable?> CrashAtStepAsync(string process, int step, TimeSpan within, CancellationToken cancellationToken)
    {
        if (FindProcess(process) is not { Current: { IsAlive: true } victim } found)
        {
            return null;
        }
        var crashed = new CancellationTokenSource();
        victim.CrashAtStep(step, () =>
        {
            found.Crash();
            crashed.Cancel();
        });
        using var either = CancellationTokenSource.CreateLinkedTokenSource(crashed.Token, cancellationToken);
        try
        {
            await Task.Delay(within, world.Clock, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It has crashed.
        }
        crashed.Dispose();
        if (found.IsUp)
        {
            // The step was not reached. Disarm, so that it does not crash there later.
            victim.CrashAtStep(-1, static () => { });
            return null;
        }
        return Restart(found);
    }

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> CrashAfterCommitAsync(CancellationToken cancellationToken)
    {
        world.Disk.CrashAfterCommit();
        return new(Restart(world.Server));
    }

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> PartitionAsync(string process, LinkDirection direction, CancellationToken cancellationToken) =>
        new(world.Network.Disturb(new(process) { Blocked = direction }));

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> ImpairLinkAsync(string process, LinkConditions conditions, CancellationToken cancellationToken) =>
        new(world.Network.Disturb(new(process) { Conditions = conditions }));

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> DelayWatchesAsync(string process, CancellationToken cancellationToken) =>
        new(world.Network.Disturb(new(process) { HoldsStreams = true }));

    /// <inheritdoc/>
    public ValueTask DropWatchesAsync(string process, CancellationToken cancellationToken)
    {
        world.Network.CutStreams(process);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask CompactAsync(CancellationToken cancellationToken) => world.CompactAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> SkewClockAsync(
        string process,
        TimeSpan offset,
        double drift,
        CancellationToken cancellationToken
    ) => new(FindProcess(process)?.Wall.Begin(offset, drift));

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> BreakDiskAsync(DiskConditions conditions, CancellationToken cancellationToken) =>
        new(world.Disk.Begin(conditions));

    /// <inheritdoc/>
    public ValueTask EndContainerAsync(string node, int choice, int exitCode, CancellationToken cancellationToken)
    {
        FindNode(node)?.Machine?.EndContainer(choice, exitCode);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> FailImagePullsAsync(string node, CancellationToken cancellationToken) =>
        new(FindNode(node)?.Machine?.Faults.Begin(new() { PullsFail = true }));

    /// <inheritdoc/>
    public ValueTask<IAsyncDisposable?> SlowContainerStartsAsync(string node, TimeSpan delay, CancellationToken cancellationToken) =>
        new(FindNode(node)?.Machine?.Faults.Begin(new() { StartDelay = delay }));

    private IEnumerable<RestartableProcess> Processes =>
        [world.Server, world.Controllers, world.Scheduler, .. world.Nodes.Select(n => n.Agent)];

    private RestartableProcess? FindProcess(string name) => Processes.FirstOrDefault(p => p.Name == name);

    private SimulatedNode? FindNode(string name) => world.Nodes.FirstOrDefault(n => n.Name == name);

    // A process of a node without power is started with the node.
    private Effect Restart(RestartableProcess process) =>
        new(() =>
        {
            if (world.Nodes.FirstOrDefault(n => n.Agent == process) is not { HasPower: false })
            {
                process.Start();
            }
        });
}
