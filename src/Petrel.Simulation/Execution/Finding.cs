namespace Petrel.Simulation.Execution;

/// <summary>A violation or a failure, at a time since the start of the run.</summary>
public sealed record Finding(TimeSpan At, string Where, string What, Exception? Exception = null)
{
    /// <summary>The beginning of the history's line about a finding.</summary>
    public const string Mark = "FINDING ";

    /// <summary>
    /// The violated invariant, or, for a process that failed, its name without its number and the type of the exception. Two findings of
    /// one rule count as the same bug.
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
