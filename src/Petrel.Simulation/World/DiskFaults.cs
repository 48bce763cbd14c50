using Petrel.Faults.Capabilities;
using Petrel.Model.Determinism;

namespace Petrel.Simulation.World;

/// <summary>The faults of the server's disk that are active now.</summary>
public sealed class DiskFaults(IEntropy entropy)
{
    private readonly List<DiskConditions> _active = [];
    private bool _crashAfterCommit;

    /// <summary>Kills the server.</summary>
    internal Action Crash { get; set; } = static () => { };

    /// <summary>How much longer a commit takes now.</summary>
    internal TimeSpan Delay => _active.Count == 0 ? TimeSpan.Zero : _active.Max(f => f.Delay);

    /// <summary>Begins a fault.</summary>
    public Effect Begin(DiskConditions fault)
    {
        _active.Add(fault);
        return new Effect(() => _active.RemoveAll(f => ReferenceEquals(f, fault)));
    }

    /// <summary>Kills the server right after its next commit, before anybody learns of the commit.</summary>
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
}
