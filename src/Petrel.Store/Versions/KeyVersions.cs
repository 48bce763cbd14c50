namespace Petrel.Store.Versions;

/// <summary>All versions of one key that are not compacted, newest first.</summary>
internal sealed class KeyVersions(string key)
{
    public string Key { get; } = key;

    public KeyVersion? Newest { get; private set; }

    /// <summary>The entry as of a revision; null when the key did not exist then.</summary>
    public StoreEntry? At(long revision)
    {
        var version = Newest;
        while (version is not null && version.Revision > revision)
        {
            version = version.Previous;
        }

        return version?.Entry;
    }

    /// <summary>Adds the version of a later revision.</summary>
    public void Add(long revision, int position, StoreEntry? entry) => Newest = new KeyVersion(revision, position, entry, Newest);

    /// <summary>
    /// Removes the versions that no read at <paramref name="revision"/> or later can see: all versions before the newest one at that
    /// revision, and that version too when it is a deletion.
    /// </summary>
    public void Compact(long revision, ICollection<RowId>? dropped)
    {
        KeyVersion? successor = null;
        var version = Newest;
        while (version is not null && version.Revision > revision)
        {
            (successor, version) = (version, version.Previous);
        }

        if (version is null)
        {
            return;
        }

        var firstDropped = version.Entry is null ? version : version.Previous;
        if (version.Entry is not null)
        {
            version.Previous = null;
        }
        else if (successor is not null)
        {
            successor.Previous = null;
        }
        else
        {
            Newest = null;
        }

        if (dropped is null)
        {
            return;
        }

        for (var drop = firstDropped; drop is not null; drop = drop.Previous)
        {
            dropped.Add(new RowId(drop.Revision, drop.Position));
        }
    }
}

/// <summary>One version of a key; a deletion has no entry.</summary>
internal sealed class KeyVersion(long revision, int position, StoreEntry? entry, KeyVersion? previous)
{
    public long Revision { get; } = revision;

    /// <summary>The index of the change within its commit.</summary>
    public int Position { get; } = position;

    public StoreEntry? Entry { get; } = entry;

    public KeyVersion? Previous { get; set; } = previous;
}

/// <summary>Identifies the row of one change. Row IDs have the order of the changes.</summary>
internal readonly record struct RowId(long Revision, int Position)
{
    private const int PositionBits = 20;

    /// <summary>The maximum number of changes in one commit.</summary>
    public const int MaxPositions = 1 << PositionBits;

    public long Value => (Revision << PositionBits) | (uint)Position;

    public static RowId From(long value) => new(value >> PositionBits, (int)(value & (MaxPositions - 1)));
}
