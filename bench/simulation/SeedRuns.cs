using System.Diagnostics;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Scenarios;

namespace Petrel.Bench.Simulation;

/// <summary>Whole runs under faults, one seed after the other on one thread, as <c>petrel sim</c> runs them on each core.</summary>
internal static class SeedRuns
{
    public static Figures Measure(ulong first, int count)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var processor = Environment.CpuUsage.TotalTime;
        var wall = Stopwatch.StartNew();
        var (virtualTime, steps, commits) = (TimeSpan.Zero, 0L, 0L);
        var scenario = ScenarioList.Find("deployment-under-crashes")!;
        for (var i = 0; i < count; i++)
        {
            var result = SimulationRunner.RunSeed(scenario, first + (ulong)i, new SimulationOptions());
            if (result.Violation is { } violation)
            {
                throw new InvalidOperationException(violation.ToString());
            }
            virtualTime += result.VirtualTime;
            steps += result.Steps;
            commits += result.Commits;
        }
        return new(
            virtualTime,
            wall.Elapsed,
            Environment.CpuUsage.TotalTime - processor,
            steps,
            0,
            commits,
            GC.GetAllocatedBytesForCurrentThread() - before,
            count
        );
    }
}
