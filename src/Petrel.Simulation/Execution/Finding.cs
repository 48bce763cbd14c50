namespace Petrel.Simulation.Execution;

/// <summary>Something that must not happen and did, at a time since the start of the run.</summary>
public sealed record Finding(TimeSpan At, string Where, string What, Exception? Exception = null)
{
    /// <inheritdoc/>
    public override string ToString() => $"{At:c} {Where}: {What}";
}
