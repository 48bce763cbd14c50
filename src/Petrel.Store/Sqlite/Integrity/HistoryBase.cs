using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite.Integrity;

/// <summary>
/// What the store's file says about itself in one sealed row, written whenever rows are deleted: where the history begins, and how many
/// rows there are up to a mark, with the sum of their digests. Rows after the mark are tied together by the chain.
/// </summary>
/// <param name="Store">The random number that identifies the store.</param>
/// <param name="Compacted">The compacted revision.</param>
/// <param name="Chain">The chain after the last row of that revision.</param>
/// <param name="Mark">The last row ID that is counted.</param>
/// <param name="Rows">How many rows there are up to the mark.</param>
/// <param name="Sum">The sum of their digests, modulo 2^64.</param>
internal readonly record struct HistoryBase(long Store, long Compacted, long Chain, long Mark, long Rows, long Sum)
{
    /// <summary>The checksum of all of it.</summary>
    public long Seal(RowDigest digest) => digest.Of([Store, Compacted, Chain, Mark, Rows, Sum]);

    /// <summary>The base of a store without rows. Each store has a chain of its own.</summary>
    public static HistoryBase Empty(long store, RowDigest digest) => new(store, 0, digest.Of([store]), 0, 0, 0);
}

/// <summary>The end of the file: its last row, the chain after it, and the number and the sum of all rows.</summary>
internal readonly record struct HistoryTail(long LastRow, long Chain, long Rows, long Sum)
{
    public HistoryTail Plus(RowId row, long digest, long chain) => new(row.Value, chain, Rows + 1, unchecked(Sum + digest));

    public HistoryTail Minus(long digest) => this with { Rows = Rows - 1, Sum = unchecked(Sum - digest) };
}
