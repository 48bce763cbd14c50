namespace Petrel.Store;

/// <summary>
/// The store's contract: an ordered map from keys to values. Every commit gets the next revision. Old revisions stay readable until they
/// are compacted. Changes can be watched from any revision that is not compacted (the model of etcd v3).
/// <para>Keys are ordinal-ordered strings; values are opaque bytes. Revisions start at 1 for the first commit and are contiguous.</para>
/// <para>The store does not copy values: it keeps and returns the caller's memory. Callers must not change it afterwards.</para>
/// </summary>
public interface IRevisionedStore : IAsyncDisposable
{
    /// <summary>The revision of the newest commit that is durable and visible; 0 before the first.</summary>
    long CurrentRevision { get; }

    /// <summary>The compacted revision. Reads below it, and watches from it or below it, throw <see cref="CompactedException"/>.</summary>
    long CompactedRevision { get; }

    /// <summary>Whether the store can write now.</summary>
    StoreHealth Health { get; }

    /// <summary>
    /// Applies all of <paramref name="operations"/> in one new revision when every precondition holds, else none of them.
    /// A successful commit is durable: it survives a crash of the process or the machine.
    /// When it throws, the outcome is unknown, except for the exceptions below: then nothing was written.
    /// </summary>
    /// <exception cref="StoreWriteException">The disk is full or fails; see <see cref="Health"/>.</exception>
    /// <exception cref="ArgumentException">There are no operations, or two operations on the same key.</exception>
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
    /// revision order, without gaps or duplicates, then live changes as they commit. A batch always contains whole revisions.
    /// Every commit also advances <see cref="WatchBatch.UpTo"/> of watchers whose keys did not change. A slow reader costs no
    /// memory, because it reads from the store's history. It gets the exception when that history was compacted in the meantime.
    /// Ends when cancelled (throws <see cref="OperationCanceledException"/>) or when the store is disposed.
    /// </summary>
    /// <exception cref="CompactedException">Changes after <paramref name="afterRevision"/> are already compacted.</exception>
    IAsyncEnumerable<WatchBatch> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken);

    /// <summary>
    /// Removes versions that were superseded or deleted at or before <paramref name="revision"/>. That revision itself stays readable.
    /// Does nothing when it is already compacted.
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
    /// <summary>
    /// Whether this write is a step towards the key's deletion. A commit with such a write, or with a deletion, is tried even when the
    /// disk is full.
    /// </summary>
    public bool FreesSpace { get; init; }

    /// <summary>Creates or replaces a key.</summary>
    public static StoreOperation Put(string key, ReadOnlyMemory<byte> value, long? expectedRevision = null) =>
        new(key, value, expectedRevision);

    /// <summary>
    /// Deletes a key. (Prefer it to a conditional with null: <c>gone ? null : bytes</c> is an empty value, not null, because a
    /// null array converts to an empty memory.)
    /// </summary>
    public static StoreOperation Delete(string key, long? expectedRevision = null) => new(key, null, expectedRevision);
}

/// <summary>The result of a commit.</summary>
/// <param name="Succeeded">Whether the commit was applied.</param>
/// <param name="Revision">The commit's revision if it was applied; else the store's current revision.</param>
/// <param name="FailedKey">The first key whose precondition failed, if the commit was not applied.</param>
/// <param name="Found">The current entry of that key; null when the key does not exist.</param>
public sealed record CommitResult(bool Succeeded, long Revision, string? FailedKey = null, StoreEntry? Found = null);

/// <summary>One key's value and the revisions that created and last modified it.</summary>
public sealed record StoreEntry(string Key, ReadOnlyMemory<byte> Value, long CreateRevision, long ModRevision);

/// <summary>A page of entries at a revision. <see cref="More"/> is true when the limit truncated the result.</summary>
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
/// Changes of one or more whole revisions. The watcher has received every change up to the revision <see cref="UpTo"/>. This revision may
/// be newer than the last change, and the batch may have no changes at all (a progress notification).
/// </summary>
public sealed record WatchBatch(long UpTo, IReadOnlyList<StoreChange> Changes);

/// <summary>The requested revision is compacted. <see cref="CompactedRevision"/> is the newest compacted revision.</summary>
public sealed class CompactedException(long compactedRevision)
    : Exception($"The required revision has been compacted (compacted up to {compactedRevision}).")
{
    public long CompactedRevision { get; } = compactedRevision;
}
