using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Scenarios;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Runs;

/// <summary>
/// Runs scenarios. Each seed is a world of its own on the calling thread; different seeds may run on different threads at once.
/// </summary>
public static class SimulationRunner
{
    // A user who is not done so long after the faults have stopped is stuck.
    private static readonly TimeSpan UserLimit = TimeSpan.FromSeconds(900);

    /// <summary>Runs seeds one after the other, reporting each result.</summary>
    /// <exception cref="ArgumentException">There is no scenario of that name.</exception>
    public static SimulationTotals Run(
        string scenarioName,
        IEnumerable<ulong> seeds,
        SimulationOptions options,
        Action<SimulationResult> onResult,
        CancellationToken cancellationToken = default
    )
    {
        var scenario = ScenarioList.Find(scenarioName)
            ?? throw new ArgumentException(
                $"There is no scenario \"{scenarioName}\"; there are: {string.Join(", ", ScenarioList.All.Select(s => s.Name))}.",
                nameof(scenarioName)
            );
        var totals = new SimulationTotals();
        foreach (var seed in seeds)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = RunSeed(scenario, seed, options);
            totals = totals.With(result);
            onResult(result);
        }
        return totals;
    }

    /// <summary>Runs one seed to its end or its first violation.</summary>
    public static SimulationResult RunSeed(IScenario scenario, ulong seed, SimulationOptions options) =>
        RunPlan(scenario, scenario.Draw(seed), options);

    /// <summary>Runs a plan of a scenario to its end or its first violation.</summary>
    public static SimulationResult RunPlan(IScenario scenario, RunPlan plan, SimulationOptions options)
    {
        using var simulator = new Simulator(
            new SimulatorSettings
            {
                Seed = plan.Seed,
                LastLines = options.ViolationLines,
                Trace = options.Trace,
            }
        );
        var settings = scenario.World with { Nodes = plan.World.Nodes, TolerationSeconds = plan.World.TolerationSeconds };
        var world = new SimulatedWorld(simulator, options.World(settings), plan)
        {
            Timeline = options.Timeline is { } tell ? new(simulator.Clock, tell) : null,
        };
        Execute(simulator, world, scenario);
        return new SimulationResult
        {
            Scenario = scenario.Name,
            Seed = plan.Seed,
            Plan = plan,
            Violation = simulator.Findings.Count == 0 ? null : new(plan.Seed, simulator.Findings[0], [.. simulator.History.Lines]),
            VirtualTime = simulator.Clock.Elapsed,
            Commits = world.Commits,
            Steps = simulator.Steps,
            Digest = simulator.History.Digest,
        };
    }

    private static void Execute(Simulator simulator, SimulatedWorld world, IScenario scenario)
    {
        var faults = new FaultInjector(
            new WorldFaults(world),
            BuiltInFaults.Registry,
            world.Plan.Faults,
            new(world.Clock, world.Plan.FaultsEnd),
            what => world.Note("fault", what)
        );
        var operations = new PlannedUser(world.Plan, world.User, simulator.History);
        world.Start();
        var injecting = simulator.Spawn(world.Outside, "faults", faults.RunAsync);
        var user = simulator.Spawn(world.Outside, "user", stop => scenario.RunUserAsync(world, stop));
        var planned = simulator.Spawn(world.Outside, "planned user", operations.RunAsync);
        bool Failed() => simulator.Findings.Count > 0;
        if (!simulator.RunUntil(() => Failed() || injecting.HasEnded && user.HasEnded && planned.HasEnded, Later(world.Plan) + UserLimit))
        {
            simulator.Report("user", $"was not done {UserLimit.TotalSeconds:0} s after faults stopped");
        }
        if (!Failed() && !simulator.RunUntil(() => Failed() || scenario.Unfinished(world) is null, scenario.ConvergeWithin))
        {
            simulator.Report(
                "convergence",
                $"{scenario.ConvergeWithin.TotalSeconds:0} s after faults stopped: {scenario.Unfinished(world)}"
            );
        }
    }

    // Users have work planned for after the faults too.
    private static TimeSpan Later(RunPlan plan) => plan.Operations.Select(o => o.At).Append(plan.FaultsEnd).Max();
}
