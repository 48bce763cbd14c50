using Petrel.Model.Determinism;

namespace Petrel.Simulation.World;

/// <summary>What is wrong with the server's disk at the moment.</summary>
public sealed class DiskFaults(IEntropy entropy)
{
    private readonly List<DiskFault> _active = [];
    private bool _crashAfterCommit;

    /// <summary>Kills the server.</summary>
    internal Action Crash { get; set; } = static () => { };

    /// <summary>How much longer a commit takes now.</summary>
    internal TimeSpan Delay => _active.Count == 0 ? TimeSpan.Zero : _active.Max(f => f.Delay);

    /// <summary>Begins a fault; disposing of what is answered ends it.</summary>
    public IDisposable Begin(DiskFault fault)
    {
        _active.Add(fault);
        return new Ending(() => _active.RemoveAll(f => ReferenceEquals(f, fault)));
    }

    /// <summary>The server dies right after its next commit, before anybody learns of it.</summary>
    public void CrashAfterCommit() => _crashAfterCommit = true;

    public void HealAll()
    {
        _active.Clear();
        _crashAfterCommit = false;
    }

    internal bool Fails() => Hits(_active.Count == 0 ? 0 : _active.Max(f => f.FailureProbability));

    internal bool LosesAnswer() => Hits(_active.Count == 0 ? 0 : _active.Max(f => f.LostAnswerProbability));

    internal void Committed()
    {
        if (_crashAfterCommit)
        {
            _crashAfterCommit = false;
            Crash();
        }
    }

    private bool Hits(double probability) => probability > 0 && entropy.NextDouble() < probability;

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}

/// <summary>Something wrong with a disk.</summary>
public sealed record DiskFault
{
    /// <summary>How much longer each commit takes.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How likely a commit fails, with nothing stored.</summary>
    public double FailureProbability { get; init; }

    /// <summary>How likely a commit is stored and reported as failed.</summary>
    public double LostAnswerProbability { get; init; }
}
