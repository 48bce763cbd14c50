using System.Diagnostics;
using Petrel.Simulation.Execution;
using Petrel.Simulation.World;

namespace Petrel.Bench.Simulation;

/// <summary>What was simulated, and what it took.</summary>
internal readonly record struct Figures(
    TimeSpan Virtual,
    TimeSpan Wall,
    TimeSpan Processor,
    long Steps,
    long Requests,
    long Commits,
    long Allocated,
    int Seeds
);

/// <summary>Takes the difference between two moments of a run.</summary>
internal sealed class Meter(Simulator simulator, SimulatedWorld world)
{
    private readonly Stopwatch _wall = Stopwatch.StartNew();
    private readonly Figures _start = Now(simulator, world);

    public Figures Stop()
    {
        var wall = _wall.Elapsed;
        var now = Now(simulator, world);
        return new(
            now.Virtual - _start.Virtual,
            wall,
            now.Processor - _start.Processor,
            now.Steps - _start.Steps,
            now.Requests - _start.Requests,
            now.Commits - _start.Commits,
            now.Allocated - _start.Allocated,
            0
        );
    }

    private static Figures Now(Simulator simulator, SimulatedWorld world) =>
        new(
            simulator.Clock.Elapsed,
            TimeSpan.Zero,
            Environment.CpuUsage.TotalTime,
            simulator.Steps,
            world.Network.Requests,
            world.Commits,
            GC.GetAllocatedBytesForCurrentThread(),
            0
        );
}
