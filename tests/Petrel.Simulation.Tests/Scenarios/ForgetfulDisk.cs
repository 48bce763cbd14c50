using Petrel.Simulation.World;
using Petrel.Store;
using Petrel.Store.Memory;

namespace Petrel.Simulation.Tests.Scenarios;

/// <summary>A disk that acknowledges before it has flushed: a crash takes the last commits with it.</summary>
internal sealed class ForgetfulDisk : ISimulatedDisk
{
    private const int Unflushed = 2;
    private List<IReadOnlyList<StoreOperation>> _commits = [];

    public IRevisionedStore Open()
    {
        var store = new MemoryStore();
        _commits = _commits[..Math.Max(0, _commits.Count - Unflushed)];
        foreach (var commit in _commits)
        {
            // The memory store commits within the call.
            _ = store.CommitAsync(commit, default).AsTask().IsCompletedSuccessfully;
        }
        return new ObservedStore(store, (operations, _) => _commits.Add(operations));
    }
}
