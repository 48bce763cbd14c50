namespace Petrel.Simulation.Invariants.Goals;

/// <summary>Labels by which scenarios tell goals what to expect.</summary>
public static class Labels
{
    /// <summary>On pods (by their templates): there may be no place for them, for good.</summary>
    public const string MayStarve = "simulation.petrel.dev/may-starve";
}
