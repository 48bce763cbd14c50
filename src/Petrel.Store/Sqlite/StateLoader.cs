using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite;

/// <summary>Fills an empty state with the rows of a file, in their order.</summary>
internal sealed class StateLoader(string path, VersionedState state, long compacted)
{
    private readonly List<StoreChange> _changes = [];
    private List<RowId>? _leftovers;

    /// <exception cref="StoreFileException">The row does not fit those before.</exception>
    public void Add(RowId row, string key, long createRevision, ReadOnlyMemory<byte>? value)
    {
        if (row.Revision <= compacted)
        {
            state.Restore(key, row, value is { } bytes ? new StoreEntry(key, bytes, createRevision, row.Revision) : null);
            return;
        }
        _leftovers ??= state.StartAfter(compacted);
        if (_changes.Count > 0 && _changes[0].Revision != row.Revision)
        {
            ApplyRevision();
        }
        if (row != new RowId(state.Current + 1, _changes.Count))
        {
            throw StoreFileException.Damaged(path, $"revision {state.Current + 1} is not whole");
        }
        var previous = state.Get(key);
        if (createRevision != (previous?.CreateRevision ?? row.Revision))
        {
            throw StoreFileException.Damaged(path, $"revision {row.Revision} does not fit {key}");
        }
        _changes.Add(new StoreChange(key, row.Revision, value, createRevision, previous?.Value));
    }

    /// <summary>Ends the loading. Returns the rows that no read can see: an interrupted compaction left them behind.</summary>
    public List<RowId> Finish()
    {
        _leftovers ??= state.StartAfter(compacted);
        if (_changes.Count > 0)
        {
            ApplyRevision();
        }
        return _leftovers;
    }

    private void ApplyRevision()
    {
        state.Apply([
            [.. _changes],
        ]);
        _changes.Clear();
    }
}
