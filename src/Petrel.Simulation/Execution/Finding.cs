namespace Petrel.Simulation.Execution;

/// <summary>Something that must not happen and did, at a time since the start of the run.</summary>
public sealed record Finding(TimeSpan At, string Where, string What, Exception? Exception = null)
{
    /// <summary>How a line of the history begins that tells of one.</summary>
    public const string Mark = "FINDING ";

    /// <summary>
    /// What it is an instance of: the invariant, or, for a process that failed, its name without its number and the kind of failure. Two
    /// findings of one rule are taken for the same mistake.
    /// </summary>
    public string Rule
    {
        get
        {
            var incarnation = Where.IndexOf('#', StringComparison.Ordinal);
            var name = incarnation < 0 ? Where : Where[..incarnation].TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
            return Exception is null ? name : $"{name} ({Exception.GetType().Name})";
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{At:c} {Where}: {What}";
}
