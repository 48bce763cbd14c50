using System.Diagnostics.CodeAnalysis;
using Petrel.Store;
using Petrel.Store.Memory;

namespace Petrel.Simulation.World;

/// <summary>What remains when the server's process dies.</summary>
public interface ISimulatedDisk
{
    /// <summary>The store as a server that starts now finds it.</summary>
    IRevisionedStore Open();
}

/// <summary>A disk that keeps its promises: everything acknowledged is there at the next start.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A store in memory holds nothing to release.")]
public sealed class HonestDisk : ISimulatedDisk
{
    private readonly MemoryStore _store = new();

    /// <inheritdoc/>
    public IRevisionedStore Open() => _store;
}
