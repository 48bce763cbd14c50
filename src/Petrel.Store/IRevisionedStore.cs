namespace Petrel.Store;

/// <summary>
/// The store's contract: an ordered map from keys to values in which every commit gets the next revision, old revisions stay
/// readable until compacted, and changes can be watched from any revision that is not compacted (the model of etcd v3).
/// <para>Keys are ordinal-ordered strings; values are opaque bytes. Revisions start at 1 for the first commit and are contiguous.</para>
/// <para>The store keeps the memory of values that it is given and hands the same memory out: nobody may change it afterwards.</para>
/// </summary>
public interface IRevisionedStore : IAsyncDisposable
{
    /// <summary>The revision of the newest commit that is durable and visible; 0 before the first.</summary>
    long CurrentRevision { get; }

    /// <summary>Reads below this revision, and watches from it or below it, throw <see cref="CompactedException"/>.</summary>
    long CompactedRevision { get; }

    /// <summary>
    /// Applies all of <paramref name="operations"/> in one new revision when every precondition holds, else none of them.
    /// A successful result means durable: it survives the death of the process and of the machine.
    /// When it throws, the outcome is unknown.
    /// </summary>
    /// <exception cref="ArgumentException">No operations, or two of them for one key.</exception>
    ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken);

    /// <summary>The entry of one key at the current revision, or null.</summary>
    ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken);

    /// <summary>
    /// Entries whose keys start with <paramref name="prefix"/>, in key order, as of <paramref name="atRevision"/>
    /// (0: the current one), strictly after <paramref name="afterKey"/> when given, at most <paramref name="limit"/> (0: all).
    /// </summary>
    /// <exception cref="CompactedException">That revision is compacted.</exception>
    /// <exception cref="ArgumentOutOfRangeException">That revision is not committed yet.</exception>
    ValueTask<RangeResult> RangeAsync(string prefix, long atRevision, string? afterKey, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Every change to keys with <paramref name="prefix"/> of a revision greater than <paramref name="afterRevision"/>, in
    /// revision order, without gaps or duplicates, then live ones as they commit. Items of one revision are never split over
    /// two batches. Every commit also moves <see cref="WatchBatch.UpTo"/> of watchers that it does not concern. A slow reader
    /// costs no memory: it reads on from the store's history, and learns by the exception when that was compacted meanwhile.
    /// Ends when cancelled (throws <see cref="OperationCanceledException"/>) or when the store is disposed.
    /// </summary>
    /// <exception cref="CompactedException">Changes after <paramref name="afterRevision"/> are compacted already.</exception>
    IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets versions that were superseded or deleted at or before <paramref name="revision"/>, which stays readable itself.
    /// Does nothing when that is compacted already.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">That revision is not committed yet.</exception>
    ValueTask CompactAsync(long revision, CancellationToken cancellationToken);
}

/// <summary>One change within a commit.</summary>
/// <param name="Key">The key to change.</param>
/// <param name="Value">The new value; null deletes the key (which must exist).</param>
/// <param name="ExpectedRevision">
/// The precondition: the revision that last modified the key must be this; 0 means that the key must not exist;
/// null means no precondition.
/// </param>
public readonly record struct StoreOperation(string Key, ReadOnlyMemory<byte>? Value, long? ExpectedRevision)
{
    /// <summary>Creates or replaces a key.</summary>
    public static StoreOperation Put(string key, ReadOnlyMemory<byte> value, long? expectedRevision = null) =>
        new(key, value, expectedRevision);

    /// <summary>
    /// Deletes a key. (Prefer it to a conditional with null: <c>gone ? null : bytes</c> is an empty value, not null, because a
    /// null array converts to an empty memory.)
    /// </summary>
    public static StoreOperation Delete(string key, long? expectedRevision = null) => new(key, null, expectedRevision);
}

/// <summary>What a commit came to.</summary>
/// <param name="Succeeded">Whether it was applied.</param>
/// <param name="Revision">Its revision when applied; else the store's current revision.</param>
/// <param name="FailedKey">The first key whose precondition did not hold, when not applied.</param>
/// <param name="Found">That key's entry as it was found; null when it did not exist.</param>
public sealed record CommitResult(bool Succeeded, long Revision, string? FailedKey = null, StoreEntry? Found = null);

/// <summary>One key's value and the revisions that created and last modified it.</summary>
public sealed record StoreEntry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision);

/// <summary>A page of entries at a revision; <see cref="More"/> when the limit cut it.</summary>
public sealed record RangeResult(long Revision, IReadOnlyList<StoreEntry> Entries, bool More);

/// <summary>One change to one key.</summary>
/// <param name="Key">The changed key.</param>
/// <param name="Revision">The commit's revision.</param>
/// <param name="Value">The value after the change; null when the key was deleted.</param>
/// <param name="CreateRevision">The revision that created the key (of the deleted entry, for a deletion).</param>
/// <param name="PreviousValue">The value before the change; null when the key did not exist.</param>
public sealed record StoreChange(
    string Key,
    long Revision,
    ReadOnlyMemory<byte>? Value,
    long CreateRevision,
    ReadOnlyMemory<byte>? PreviousValue
);

/// <summary>
/// Changes of one or more whole revisions. <see cref="UpTo"/> is the revision that the watcher has now seen everything up to;
/// it may be beyond the last change's (a progress notification), also with no changes at all.
/// </summary>
public sealed record WatchBatch(long UpTo, IReadOnlyList<StoreChange> Changes);

/// <summary>The asked-for revision is compacted; <see cref="CompactedRevision"/> is the newest that is.</summary>
public sealed class CompactedException(long compactedRevision)
    : Exception($"The required revision has been compacted (compacted up to {compactedRevision}).")
{
    public long CompactedRevision { get; } = compactedRevision;
}
