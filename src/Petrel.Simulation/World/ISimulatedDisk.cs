using System.Diagnostics.CodeAnalysis;
using Petrel.Store;
using Petrel.Store.Memory;

namespace Petrel.Simulation.World;

/// <summary>The storage that survives the server's process.</summary>
public interface ISimulatedDisk
{
    /// <summary>Opens the store as a starting server finds it.</summary>
    IRevisionedStore Open();
}

/// <summary>A correct disk: everything acknowledged is there at the next start.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A store in memory holds nothing to release.")]
public sealed class HonestDisk : ISimulatedDisk
{
    private readonly MemoryStore _store = new();

    /// <inheritdoc/>
    public IRevisionedStore Open() => _store;
}
