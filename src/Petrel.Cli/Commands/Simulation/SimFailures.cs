using System.Diagnostics;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.Shrinking;

namespace Petrel.Cli.Commands.Simulation;

/// <summary>Reports failing runs, shrinks their plans, and writes them to files that can be replayed.</summary>
internal sealed class SimFailures(TimeSpan budget, string output, CancellationToken cancellationToken)
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly HashSet<(string Scenario, string Rule)> _known = [];

    /// <summary>
    /// Adds a failing run. Unless <paramref name="all"/> is set, only the first run for each violated rule is kept, because the others
    /// probably have the same cause.
    /// </summary>
    public void Add(SimulationResult result, bool showHistory, bool all)
    {
        var violation = result.Violation!;
        bool keep;
        lock (_gate)
        {
            keep = _known.Add((result.Scenario, violation.Finding.Rule)) || all;
            Console.WriteLine($"seed {result.Seed} FAILED: {violation.Finding}");
            foreach (var line in showHistory ? violation.LastLines : [])
            {
                Console.WriteLine($"    {line}");
            }
            Console.WriteLine($"  again: petrel sim --scenario {result.Scenario} --seed {result.Seed} --trace");
        }
        if (keep)
        {
            var plan = Shrink(result.Plan with { Finding = PlannedFinding.Of(violation.Finding) });
            var path = PathOf(result);
            File.WriteAllText(path, PlanFile.Write(plan, Comments(result.Plan, plan, path)));
            lock (_gate)
            {
                Console.WriteLine($"  {Sizes(result.Plan, plan)}");
                Console.WriteLine($"  replay: petrel sim replay {path}");
            }
        }
    }

    private RunPlan Shrink(RunPlan plan)
    {
        if (budget == TimeSpan.Zero || ScenarioList.Find(plan.Scenario) is not { } scenario)
        {
            return plan;
        }
        var shown = Stopwatch.StartNew();
        var shrinker = new PlanShrinker(
            candidate => SimulationRunner.RunPlan(scenario, candidate, new() { ViolationLines = 0 }).Violation?.Finding,
            TimeProvider.System,
            new() { Budget = budget, Cancelled = cancellationToken },
            progress =>
            {
                if (shown.Elapsed > ProgressInterval)
                {
                    shown.Restart();
                    Console.Error.WriteLine($"seed {plan.Seed} {progress}");
                }
            }
        );
        return shrinker.Shrink(plan);
    }

    private string PathOf(SimulationResult result) => Path.Combine(output, $"petrel-sim-{result.Scenario}-{result.Seed}.json");

    private static IEnumerable<string> Comments(RunPlan found, RunPlan plan, string path) =>
        [
            $"{found.Scenario}, seed {found.Seed}: {plan.Finding!.Rule}: {plan.Finding.What}",
            $"at {plan.Finding.At:c}; {Sizes(found, plan)}",
            $"To see what happens: petrel sim replay {path}",
        ];

    private static string Sizes(RunPlan found, RunPlan plan) =>
        ReferenceEquals(found.Faults, plan.Faults) && ReferenceEquals(found.Operations, plan.Operations)
            ? $"{plan.Faults.Count} faults, {plan.Operations.Count} operations and {plan.World.Nodes} nodes, not shrunk"
            : $"shrunk from {found.Faults.Count} faults, {found.Operations.Count} operations and {found.World.Nodes} nodes to "
                + $"{plan.Faults.Count}, {plan.Operations.Count} and {plan.World.Nodes}";
}
