namespace Petrel.Simulation.Invariants.Goals;

/// <summary>Labels with which scenarios mark objects for the goals.</summary>
public static class Labels
{
    /// <summary>On pods, by their templates: they may stay unschedulable.</summary>
    public const string MayStarve = "simulation.petrel.dev/may-starve";
}
