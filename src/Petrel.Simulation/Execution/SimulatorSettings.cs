namespace Petrel.Simulation.Execution;

/// <summary>In which order work that is ready at the same time runs.</summary>
public enum Interleaving
{
    /// <summary>Any order, drawn from the seed: what a thread pool may do.</summary>
    Shuffled,

    /// <summary>The order in which it became ready.</summary>
    Fifo,
}

/// <summary>How a <see cref="Simulator"/> runs.</summary>
public sealed record SimulatorSettings
{
    /// <summary>Everything random in the run comes from it.</summary>
    public required ulong Seed { get; init; }

    public Interleaving Interleaving { get; init; } = Interleaving.Shuffled;

    /// <summary>How many of the history's lines are kept, the newest ones; its digest covers all.</summary>
    public int LastLines { get; init; } = int.MaxValue;

    /// <summary>Gets each line of the history as it is written.</summary>
    public Action<string>? Trace { get; init; }

    /// <summary>More steps in one instant are taken for an endless loop.</summary>
    public int MaxStepsPerInstant { get; init; } = 5_000_000;
}
