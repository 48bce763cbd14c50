using Petrel.Model.Determinism;
using Petrel.Simulation.Network;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Faults;

/// <summary>Draws faults from the seed, applies them to a world, and repairs each after a while.</summary>
public sealed class FaultInjector(IFaultTarget target, FaultSettings settings, TimeProvider time, IEntropy entropy)
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    private readonly long _start = time.GetTimestamp();

    /// <summary>Injects until the window is over, then heals everything and returns.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        List<Task> repairs = [];
        while (settings.Weights.Count > 0)
        {
            // Exponential: faults come in bursts and lulls, as they do.
            var pause = settings.MeanInterval * -Math.Log(1 - entropy.NextDouble());
            if (time.GetElapsedTime(_start) + pause >= settings.Window)
            {
                break;
            }
            await Task.Delay(pause, time, cancellationToken);
            repairs.Add(StrikeAsync(Choose(), cancellationToken));
        }
        var left = settings.Window - time.GetElapsedTime(_start);
        if (left > TimeSpan.Zero)
        {
            await Task.Delay(left, time, cancellationToken);
        }
        target.HealAll();
        await Task.WhenAll(repairs);
    }

    private FaultKind Choose()
    {
        var ticket = entropy.Next(settings.Weights.Sum(w => w.Weight));
        foreach (var (kind, weight) in settings.Weights)
        {
            ticket -= weight;
            if (ticket < 0)
            {
                return kind;
            }
        }
        throw new InvalidOperationException("the weights changed while one was drawn");
    }

    private Task StrikeAsync(FaultKind kind, CancellationToken cancellationToken) => kind switch
    {
        FaultKind.NodeCrash => NodeCrashAsync(Pick(target.Nodes), cancellationToken),
        FaultKind.AgentRestart => RestartAsync(Pick(target.Nodes).Agent, cancellationToken),
        FaultKind.ServerRestart => RestartAsync(target.Server, cancellationToken),
        FaultKind.ControllersRestart => RestartAsync(target.Controllers, cancellationToken),
        FaultKind.SchedulerRestart => RestartAsync(target.Scheduler, cancellationToken),
        FaultKind.Partition => PartitionAsync(cancellationToken),
        _ => WeatherAsync(),
    };

    private async Task NodeCrashAsync(SimulatedNode node, CancellationToken cancellationToken)
    {
        node.PowerOff();
        await PauseAsync(settings.MaxOutage, cancellationToken);
        node.PowerOn();
    }

    private async Task RestartAsync(RestartableProcess process, CancellationToken cancellationToken)
    {
        process.Crash();
        await PauseAsync(settings.MaxRestart, cancellationToken);
        target.Restart(process);
    }

    private async Task PartitionAsync(CancellationToken cancellationToken)
    {
        // Mostly nodes; now and then one of the programs beside the server.
        var victim = entropy.Next(target.Nodes.Count + 2);
        var name = victim < target.Nodes.Count ? target.Nodes[victim].Name : victim == target.Nodes.Count ? target.Controllers.Name : target.Scheduler.Name;
        target.Network.Partition(name);
        await PauseAsync(settings.MaxOutage, cancellationToken);
        target.Network.Heal(name);
    }

    private Task WeatherAsync()
    {
        var worst = settings.WorstWeather;
        target.Network.SetConditions(entropy.Next(3) == 0
            ? LinkConditions.Good
            : worst with
            {
                MaxDelay = worst.MinDelay + (worst.MaxDelay - worst.MinDelay) * entropy.NextDouble(),
                RequestLoss = worst.RequestLoss * entropy.NextDouble(),
                AnswerLoss = worst.AnswerLoss * entropy.NextDouble(),
                StreamCut = worst.StreamCut * entropy.NextDouble(),
            });
        return Task.CompletedTask;
    }

    // Never beyond the window: what is broken then is healed all at once.
    private async Task PauseAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        var pause = ShortestPause + longest * Math.Pow(entropy.NextDouble(), 2);
        var left = settings.Window - time.GetElapsedTime(_start);
        await Task.Delay(pause < left ? pause : left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
    }

    private T Pick<T>(IReadOnlyList<T> from) => from[entropy.Next(from.Count)];
}
