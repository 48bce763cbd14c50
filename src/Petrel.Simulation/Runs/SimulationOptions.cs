using Petrel.Simulation.Timelines;

namespace Petrel.Simulation.Runs;

/// <summary>How seeds are run.</summary>
public sealed record SimulationOptions
{
    /// <summary>Gets each line of the history as it is written, with more of the logs: for one seed.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>Gets the timeline of the run.</summary>
    public Action<TimelineEntry>? Timeline { get; init; }

    /// <summary>How many lines of history a violation carries.</summary>
    public int ViolationLines { get; init; } = 40;

    /// <summary>Changes the scenario's world, for tests.</summary>
    public Func<World.WorldSettings, World.WorldSettings> World { get; init; } = static world => world;
}
