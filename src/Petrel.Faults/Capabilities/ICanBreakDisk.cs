namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose server's disk can be slow or fail.</summary>
public interface ICanBreakDisk
{
    /// <summary>Slows the server's disk or makes it fail.</summary>
    ValueTask<IAsyncDisposable?> BreakDiskAsync(DiskConditions conditions, CancellationToken cancellationToken);
}

/// <summary>The faults of a disk. Probabilities are in [0, 1].</summary>
public sealed record DiskConditions
{
    /// <summary>The extra latency of each commit.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The probability that a commit fails and stores nothing.</summary>
    public double FailureProbability { get; init; }

    /// <summary>The probability that a commit is stored but reported as failed.</summary>
    public double LostAnswerProbability { get; init; }
}
