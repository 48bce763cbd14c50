namespace Petrel.ApiServer.Caching;

/// <summary>How far one watcher has read, in the window of its kind or in an index entry.</summary>
internal sealed class WatchCursor(WatchSignal signal, long place, IndexedEvents? index, long indexedFrom)
{
    public WatchSignal Signal { get; } = signal;

    /// <summary>The index entry that the watcher reads; null when it reads every event of the kind.</summary>
    public IndexedEvents? Index { get; } = index;

    /// <summary>The place in the kind's window where the index entry begins: earlier events are read from the window.</summary>
    public long IndexedFrom { get; } = indexedFrom;

    /// <summary>The place of the next event to read: in the kind's window, or in the index entry once <see cref="ReadsIndex"/>.</summary>
    public long Place { get; set; } = place;

    public bool ReadsIndex { get; set; }

    /// <summary>The place in the index entry of the first event after the watch began.</summary>
    public long IndexPlace { get; init; }
}
