using Petrel.Simulation.Network;

namespace Petrel.Simulation.Faults;

/// <summary>Which faults happen, how often and how long.</summary>
public sealed record FaultSettings
{
    /// <summary>Faults are injected for so long, and then everything heals.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The mean time between two faults.</summary>
    public TimeSpan MeanInterval { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How often each fault is chosen, relative to the others; one that is absent never happens.</summary>
    public IReadOnlyList<(FaultKind Kind, int Weight)> Weights { get; init; } =
    [
        (FaultKind.NodeCrash, 6),
        (FaultKind.AgentRestart, 4),
        (FaultKind.ServerRestart, 3),
        (FaultKind.ControllersRestart, 4),
        (FaultKind.SchedulerRestart, 3),
        (FaultKind.CrashAtStep, 6),
        (FaultKind.Partition, 6),
        (FaultKind.Weather, 6),
        (FaultKind.Duplication, 2),
        (FaultKind.Reordering, 2),
        (FaultKind.SlowLink, 2),
        (FaultKind.WatchCut, 2),
        (FaultKind.Compaction, 2),
        (FaultKind.StaleCache, 3),
        (FaultKind.ClockJump, 2),
        (FaultKind.ClockDrift, 2),
        (FaultKind.SlowDisk, 2),
        (FaultKind.FailingDisk, 2),
        (FaultKind.LostCommits, 2),
        (FaultKind.CrashAfterCommit, 2),
        (FaultKind.ContainerExit, 3),
        (FaultKind.ImagePullFailure, 2),
        (FaultKind.SlowStart, 2),
    ];

    /// <summary>The longest outage of a node or a partition.</summary>
    public TimeSpan MaxOutage { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest pause between the death of a program and its next start.</summary>
    public TimeSpan MaxRestart { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The worst network that weather may bring.</summary>
    public LinkConditions WorstWeather { get; init; } =
        new()
        {
            MinDelay = TimeSpan.FromMilliseconds(5),
            MaxDelay = TimeSpan.FromSeconds(1),
            RequestLoss = 0.10,
            AnswerLoss = 0.10,
            StreamCut = 0.05,
        };

    /// <summary>A process that crashes at a step of its own does so before this many.</summary>
    public int MaxSteps { get; init; } = 400;

    /// <summary>How many requests arrive twice, and how many are held up, at worst.</summary>
    public double WorstDuplication { get; init; } = 0.2;

    public double WorstReordering { get; init; } = 0.3;

    /// <summary>The longest delay of a slow link, in each direction.</summary>
    public TimeSpan SlowestLink { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The farthest that a wall clock jumps, forwards or backwards.</summary>
    public TimeSpan FarthestJump { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The most that a wall clock gains or loses, per second.</summary>
    public double WorstDrift { get; init; } = 0.2;

    /// <summary>The most that a commit takes longer on a slow disk.</summary>
    public TimeSpan SlowestCommit { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many commits fail, or are reported as failed, at worst.</summary>
    public double WorstDisk { get; init; } = 0.3;

    /// <summary>The most that a container takes longer to start.</summary>
    public TimeSpan SlowestStart { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A calm run.</summary>
    public static FaultSettings None { get; } = new() { Window = TimeSpan.Zero, Weights = [] };
}
