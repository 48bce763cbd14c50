namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose server's disk can be slow or fail.</summary>
public interface ICanBreakDisk
{
    /// <summary>Makes the server's disk worse.</summary>
    ValueTask<IAsyncDisposable?> BreakDiskAsync(DiskConditions conditions, CancellationToken cancellationToken);
}

/// <summary>How badly a disk works. Probabilities are in [0, 1].</summary>
public sealed record DiskConditions
{
    /// <summary>How much longer each commit takes.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How likely a commit fails, with nothing stored.</summary>
    public double FailureProbability { get; init; }

    /// <summary>How likely a commit is stored and reported as failed.</summary>
    public double LostAnswerProbability { get; init; }
}
