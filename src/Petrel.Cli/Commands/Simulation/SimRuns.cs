using System.Diagnostics;
using System.Globalization;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;

namespace Petrel.Cli.Commands.Simulation;

/// <summary>The options for runs of seeds.</summary>
internal sealed record SimRunOptions
{
    public required int Lanes { get; init; }
    public required bool Trace { get; init; }

    /// <summary>The time limit for shrinking a failing run.</summary>
    public required TimeSpan Shrink { get; init; }

    /// <summary>The folder for the plans of failing runs.</summary>
    public required string Output { get; init; }
}

/// <summary>A range of seeds of a scenario, both ends included.</summary>
internal sealed record SeedRange(IScenario Scenario, ulong First, ulong Last);

/// <summary>Runs many seeds concurrently, reports progress, and keeps failing runs.</summary>
internal sealed class SimRuns(SimRunOptions options, CancellationToken cancellationToken)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly SimFailures _failures = new(options.Shrink, options.Output, cancellationToken);
    private readonly Stopwatch _sinceProgress = Stopwatch.StartNew();

    /// <summary>Runs every seed of each range. Returns the exit code.</summary>
    public int Run(IReadOnlyList<SeedRange> ranges)
    {
        var passed = true;
        foreach (var (scenario, first, last) in ranges)
        {
            var count = last - first == ulong.MaxValue ? ulong.MaxValue : last - first + 1;
            // Seeds are independent, so run as many at once as there are processors.
            var lanes = (int)Math.Min((ulong)options.Lanes, count);
            passed &= RunOne(scenario, lane => Lane(first, last, (ulong)lane, (ulong)lanes), lanes, count);
            if (cancellationToken.IsCancellationRequested)
            {
                Console.Error.WriteLine("interrupted");
                return 1;
            }
        }
        return passed ? 0 : 1;
    }

    /// <summary>Runs seeds until cancelled, alternating between the scenarios. Returns the exit code.</summary>
    public int RunForever(IReadOnlyList<IScenario> scenarios, ulong first)
    {
        Console.WriteLine($"from seed {first} on; Ctrl-C ends it");
        var totals = new SimulationTotals();
        var clock = Stopwatch.StartNew();
        RunLanes(options.Lanes, lane =>
        {
            for (var seed = first + (ulong)lane; !cancellationToken.IsCancellationRequested; seed += (ulong)options.Lanes)
            {
                var result = SimulationRunner.RunSeed(scenarios[(int)((seed - first) % (ulong)scenarios.Count)], seed, new());
                lock (_gate)
                {
                    totals = totals.With(result);
                    if (IsTimeForProgress())
                    {
                        Console.Error.WriteLine(Rate($"{totals.Seeds} seeds, {totals.Failed} failed", totals, clock.Elapsed));
                    }
                }
                Keep(result, all: true);
            }
        });
        Console.WriteLine(Summary(scenarios.Count == 1 ? scenarios[0].Name : "all", totals, clock.Elapsed));
        return totals.Failed == 0 ? 0 : 1;
    }

    private bool RunOne(IScenario scenario, Func<int, IEnumerable<ulong>> seedsOf, int lanes, ulong count)
    {
        var totals = new SimulationTotals();
        var clock = Stopwatch.StartNew();
        var simulation = new SimulationOptions { Trace = options.Trace ? Console.WriteLine : null };
        RunLanes(lanes, lane =>
        {
            foreach (var seed in seedsOf(lane))
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    return;
                }
                var result = SimulationRunner.RunSeed(scenario, seed, simulation);
                lock (_gate)
                {
                    totals = totals.With(result);
                    if (IsTimeForProgress())
                    {
                        Console.Error.WriteLine(Rate($"{totals.Seeds} of {count} seeds, {totals.Failed} failed", totals, clock.Elapsed));
                    }
                }
                Keep(result, all: false);
            }
        });
        Console.WriteLine(Summary(scenario.Name, totals, clock.Elapsed));
        return totals.Failed == 0 && (ulong)totals.Seeds == count;
    }

    private static void RunLanes(int lanes, Action<int> lane) =>
        Parallel.For(0, lanes, new ParallelOptions { MaxDegreeOfParallelism = lanes }, lane);

    private void Keep(SimulationResult result, bool all)
    {
        if (result.Violation is not null)
        {
            _failures.Add(result, showHistory: !options.Trace, all);
        }
    }

    private bool IsTimeForProgress()
    {
        if (_sinceProgress.Elapsed < ProgressInterval)
        {
            return false;
        }
        _sinceProgress.Restart();
        return true;
    }

    private static string Rate(string what, SimulationTotals totals, TimeSpan elapsed) =>
        string.Create(CultureInfo.InvariantCulture, $"{what}, {totals.Seeds / elapsed.TotalSeconds:0.0} seeds/s");

    private static string Summary(string name, SimulationTotals totals, TimeSpan elapsed) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {totals.Seeds} seeds, {totals.Failed} failed, {totals.VirtualTime.TotalHours:0.0} h of cluster time in "
                + $"{elapsed.TotalSeconds:0.0} s ({totals.Seeds / elapsed.TotalSeconds:0.0} seeds/s, {totals.Commits} commits)"
        );

    private static IEnumerable<ulong> Lane(ulong first, ulong last, ulong lane, ulong lanes)
    {
        // Don't compute a sum here, because it would overflow at the largest seeds.
        for (var seed = first + lane; ; seed += lanes)
        {
            yield return seed;
            if (last - seed < lanes)
            {
                yield break;
            }
        }
    }
}
