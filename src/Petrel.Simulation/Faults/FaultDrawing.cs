using Petrel.Model.Determinism;
using Petrel.Simulation.Network;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Faults;

/// <summary>Draws the faults of a run, before it begins, from its seed.</summary>
public static class FaultDrawing
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Faults by their weights, in the order of time, at a mean interval.</summary>
    public static IReadOnlyList<PlannedFault> Draw(FaultSettings settings, int nodes, SeededEntropy entropy)
    {
        // What needs a node can't strike where there is none.
        var weights = settings.Weights.Where(w => nodes > 0 || !NeedsNode(w.Kind)).ToArray();
        var faults = new List<PlannedFault>();
        if (weights.Length == 0)
        {
            return faults;
        }
        var at = TimeSpan.Zero;
        while (true)
        {
            // Exponential: faults come in bursts and lulls, as they do.
            at += settings.MeanInterval * -Math.Log(1 - entropy.NextDouble());
            if (at >= settings.Window)
            {
                return faults;
            }
            // Each from a source of its own: what one kind draws shifts no other one's.
            faults.Add(
                Clip(Fault(Choose(weights, entropy), settings, nodes, entropy.Fork()) with { At = Milliseconds(at) }, settings.Window)
            );
        }
    }

    private static FaultKind Choose(IReadOnlyList<(FaultKind Kind, int Weight)> weights, IEntropy entropy)
    {
        var ticket = entropy.Next(weights.Sum(w => w.Weight));
        foreach (var (kind, weight) in weights)
        {
            ticket -= weight;
            if (ticket < 0)
            {
                return kind;
            }
        }
        throw new InvalidOperationException("the weights changed while one was drawn");
    }

    private static PlannedFault Fault(FaultKind kind, FaultSettings settings, int nodes, IEntropy entropy)
    {
        var fault = new PlannedFault { At = default, Kind = kind };
        return kind switch
        {
            FaultKind.NodeCrash => fault with { Target = Node(), Duration = Outage() },
            FaultKind.AgentRestart => fault with { Target = Node(), Duration = Restart() },
            FaultKind.ServerRestart or FaultKind.ControllersRestart or FaultKind.SchedulerRestart => fault with { Duration = Restart() },
            FaultKind.CrashAtStep => fault with { Target = Process(), Steps = entropy.Next(settings.MaxSteps), Duration = Restart() },
            FaultKind.Partition => fault with { Target = Client(), Direction = (LinkDirection)(1 + entropy.Next(3)), Duration = Outage() },
            FaultKind.Weather => fault with { Link = Weather(), Duration = Outage() },
            FaultKind.Duplication => fault with
            {
                Link = new() { Duplication = Rounded(settings.WorstDuplication * entropy.NextDouble()) },
                Duration = Outage(),
            },
            FaultKind.Reordering => fault with
            {
                Link = new() { Reordering = Rounded(settings.WorstReordering * entropy.NextDouble()) },
                Duration = Outage(),
            },
            FaultKind.SlowLink => fault with { Target = Client(), Link = Slow(), Duration = Outage() },
            FaultKind.WatchCut => fault with { Target = Client() },
            FaultKind.Compaction => fault with { Target = Client(), Duration = Restart() },
            FaultKind.StaleCache => fault with { Target = Client(), Duration = Outage() },
            FaultKind.ClockJump => fault with { Target = Process(), Offset = Jump(), Duration = Outage() },
            FaultKind.ClockDrift => fault with { Target = Process(), Rate = Rate(), Duration = Outage() },
            FaultKind.SlowDisk => fault with
            {
                Delay = Milliseconds(settings.SlowestCommit * Math.Pow(entropy.NextDouble(), 2)),
                Duration = Outage(),
            },
            FaultKind.FailingDisk or FaultKind.LostCommits => fault with
            {
                Probability = Rounded(settings.WorstDisk * entropy.NextDouble()),
                Duration = Outage(),
            },
            FaultKind.CrashAfterCommit => fault with { Duration = Restart() },
            FaultKind.ContainerExit => fault with { Target = Node(), Choice = entropy.Next(1000), ExitCode = entropy.Next(3) },
            FaultKind.ImagePullFailure => fault with { Target = Node(), Duration = Outage() },
            FaultKind.SlowStart => fault with
            {
                Target = Node(),
                Delay = Milliseconds(settings.SlowestStart * entropy.NextDouble()),
                Duration = Outage(),
            },
            _ => throw new NotSupportedException($"nobody knows how to draw a fault of kind {kind}"),
        };

        string Node() => NodeName(entropy.Next(nodes));

        // Mostly nodes; now and then one of the programs beside the server.
        string Client() =>
            entropy.Next(nodes + 2) is var drawn && drawn < nodes ? NodeName(drawn)
            : drawn == nodes ? "controllers"
            : "scheduler";

        string Process() => entropy.Next(4) == 0 ? "server" : Client();

        TimeSpan Outage() => Pause(settings.MaxOutage);

        TimeSpan Restart() => Pause(settings.MaxRestart);

        TimeSpan Pause(TimeSpan longest) => Milliseconds(ShortestPause + (longest * Math.Pow(entropy.NextDouble(), 2)));

        LinkConditions Weather()
        {
            var worst = settings.WorstWeather;
            return worst with
            {
                MaxDelay = Milliseconds(worst.MinDelay + ((worst.MaxDelay - worst.MinDelay) * entropy.NextDouble())),
                RequestLoss = Rounded(worst.RequestLoss * entropy.NextDouble()),
                AnswerLoss = Rounded(worst.AnswerLoss * entropy.NextDouble()),
                StreamCut = Rounded(worst.StreamCut * entropy.NextDouble()),
            };
        }

        LinkConditions Slow()
        {
            var delay = Milliseconds(settings.SlowestLink * entropy.NextDouble());
            return new() { MinDelay = delay / 2, MaxDelay = delay };
        }

        // Mostly seconds, now and then as far as it goes.
        TimeSpan Jump() => Milliseconds(settings.FarthestJump * Math.Pow(entropy.NextDouble(), 3) * (entropy.Next(2) == 0 ? 1 : -1));

        double Rate() => Rounded(1 + (settings.WorstDrift * ((2 * entropy.NextDouble()) - 1)));
    }

    private static bool NeedsNode(FaultKind kind) =>
        kind
            is FaultKind.NodeCrash
                or FaultKind.AgentRestart
                or FaultKind.ContainerExit
                or FaultKind.ImagePullFailure
                or FaultKind.SlowStart;

    private static string NodeName(int index) => $"node{index + 1}";

    private static PlannedFault Clip(PlannedFault fault, TimeSpan window) =>
        fault.End <= window ? fault : fault with { Duration = Milliseconds(window - fault.At) };

    // Whole milliseconds and thousandths: plans are for people too.
    private static TimeSpan Milliseconds(TimeSpan time) => TimeSpan.FromMilliseconds((long)time.TotalMilliseconds);

    private static double Rounded(double value) => Math.Round(value, 3);
}
