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
        (FaultKind.NodeCrash, 3),
        (FaultKind.AgentRestart, 3),
        (FaultKind.ServerRestart, 2),
        (FaultKind.ControllersRestart, 3),
        (FaultKind.SchedulerRestart, 2),
        (FaultKind.Partition, 3),
        (FaultKind.Weather, 4),
    ];

    /// <summary>The longest outage of a node or a partition.</summary>
    public TimeSpan MaxOutage { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The longest pause between the death of a program and its next start.</summary>
    public TimeSpan MaxRestart { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The worst network that weather may bring.</summary>
    public LinkConditions WorstWeather { get; init; } = new()
    {
        MinDelay = TimeSpan.FromMilliseconds(5),
        MaxDelay = TimeSpan.FromSeconds(1),
        RequestLoss = 0.10,
        AnswerLoss = 0.10,
        StreamCut = 0.05,
    };

    /// <summary>A calm run.</summary>
    public static FaultSettings None { get; } = new() { Window = TimeSpan.Zero, Weights = [] };
}

/// <summary>Something that goes wrong.</summary>
public enum FaultKind
{
    /// <summary>A node loses power: its agent and all its containers are gone. It comes back empty.</summary>
    NodeCrash,

    /// <summary>An agent dies and is started again; the node's containers run on.</summary>
    AgentRestart,

    ServerRestart,
    ControllersRestart,
    SchedulerRestart,

    /// <summary>One process, or node, does not reach the server for a while.</summary>
    Partition,

    /// <summary>Delay and loss of every message change.</summary>
    Weather,
}
