namespace Petrel.Faults;

/// <summary>Which faults are drawn for a run, how often, and how long they last.</summary>
public sealed record FaultSettings
{
    /// <summary>How long faults are injected. After this time, all faults heal.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The mean time between the starts of two faults.</summary>
    public TimeSpan MeanInterval { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>
    /// The kinds that are drawn, with their weights in this run; null for all kinds with the weights of their definitions.
    /// </summary>
    public IReadOnlyList<(FaultDefinition Fault, int Weight)>? Weights { get; init; }

    /// <summary>The longest outage of a node or a partition.</summary>
    public TimeSpan MaxOutage { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest time between the crash of a process and its restart.</summary>
    public TimeSpan MaxRestart { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The largest jump of a wall clock, forwards or backwards.</summary>
    public TimeSpan FarthestJump { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A run without faults.</summary>
    public static FaultSettings None { get; } = new() { Window = TimeSpan.Zero, Weights = [] };
}
