namespace Petrel.Simulation.Network;

/// <summary>How well messages travel. Probabilities are in [0, 1].</summary>
public sealed record LinkConditions
{
    /// <summary>Bounds of the delay of each message in each direction.</summary>
    public TimeSpan MinDelay { get; init; } = TimeSpan.FromMilliseconds(1);

    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>A request never arrives.</summary>
    public double RequestLoss { get; init; }

    /// <summary>A request was executed and its answer never arrives: the caller can't know the outcome.</summary>
    public double AnswerLoss { get; init; }

    /// <summary>A stream is cut off before a chunk.</summary>
    public double StreamCut { get; init; }

    /// <summary>How long a caller waits for an answer that does not come.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A healthy local network.</summary>
    public static LinkConditions Good { get; } = new();
}
