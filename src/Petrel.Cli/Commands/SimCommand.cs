using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Petrel.Cli.Cluster;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel sim</c>: rehearses failures in virtual time, one world per seed.</summary>
internal static class SimCommand
{
    public static Command Create()
    {
        var scenario = new Option<string>("--scenario") { Description = $"One of: {string.Join(", ", ScenarioList.All.Select(s => s.Name))}.", Required = true };
        var seeds = new Option<string>("--seeds") { Description = "A range of seeds, both ends included.", DefaultValueFactory = _ => "1..100" };
        var seed = new Option<ulong?>("--seed") { Description = "One seed, to replay it." };
        var trace = new Option<bool>("--trace") { Description = "Print the history as it happens (with --seed)." };
        var command = new Command("sim", "Rehearse failures: run the control plane, the scheduler and the agents in virtual time.") { scenario, seeds, seed, trace };
        command.SetAction((result, cancellationToken) =>
        {
            var name = result.GetValue(scenario)!;
            if (ScenarioList.Find(name) is null)
            {
                throw new UserErrorException($"There is no scenario '{name}'; there are: {string.Join(", ", ScenarioList.All.Select(s => s.Name))}.");
            }
            var range = result.GetValue(seed) is { } one ? (First: one, Last: one) : Parse(result.GetValue(seeds)!);
            return Task.FromResult(Run(name, range.First, range.Last, result.GetValue(trace), cancellationToken));
        });
        return command;
    }

    private static int Run(string scenario, ulong first, ulong last, bool trace, CancellationToken cancellationToken)
    {
        var gate = new Lock();
        var totals = new SimulationTotals();
        var clock = Stopwatch.StartNew();
        var shown = TimeSpan.Zero;
        var total = last - first + 1;
        var options = new SimulationOptions { Trace = trace ? Console.WriteLine : null };
        void Report(SimulationResult result)
        {
            lock (gate)
            {
                totals = totals.With(result);
                if (result.Violation is { } violation)
                {
                    Console.WriteLine($"seed {result.Seed} FAILED: {violation.Finding}");
                    foreach (var line in trace ? [] : violation.LastLines)
                    {
                        Console.WriteLine($"    {line}");
                    }
                    Console.WriteLine($"  replay: petrel sim --scenario {scenario} --seed {result.Seed} --trace");
                }
                if (clock.Elapsed - shown > TimeSpan.FromSeconds(2))
                {
                    shown = clock.Elapsed;
                    Console.Error.WriteLine($"{totals.Seeds} of {total} seeds, {totals.Failed} failed, {totals.Seeds / clock.Elapsed.TotalSeconds:0.0} seeds/s");
                }
            }
        }
        // Seeds are worlds of their own: as many at once as there are processors.
        var lanes = trace ? 1 : (int)Math.Min((ulong)Environment.ProcessorCount, total);
        try
        {
            Parallel.For(0, lanes, new ParallelOptions { MaxDegreeOfParallelism = lanes }, lane =>
                SimulationRunner.Run(scenario, Lane(first, last, (ulong)lane, (ulong)lanes), options, Report, cancellationToken));
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested && e is AggregateException or OperationCanceledException)
        {
            Console.Error.WriteLine("interrupted");
        }
        var seconds = clock.Elapsed.TotalSeconds;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{scenario}: {totals.Seeds} seeds, {totals.Failed} failed, {totals.VirtualTime.TotalHours:0.0} h of cluster time in {seconds:0.0} s ({totals.Seeds / seconds:0.0} seeds/s, {totals.Commits} commits)"));
        return totals.Failed == 0 && (ulong)totals.Seeds == total ? 0 : 1;
    }

    private static IEnumerable<ulong> Lane(ulong first, ulong last, ulong lane, ulong lanes)
    {
        for (var seed = first + lane; seed <= last; seed += lanes)
        {
            yield return seed;
        }
    }

    private static (ulong First, ulong Last) Parse(string text)
    {
        var parts = text.Split("..");
        return parts.Length == 2
            && ulong.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && ulong.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && first <= last
                ? (first, last)
                : throw new UserErrorException($"--seeds: \"{text}\" is not a range like 1..500.");
    }
}
