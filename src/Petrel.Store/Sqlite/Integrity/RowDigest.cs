using System.Buffers.Binary;
using System.IO.Hashing;
using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite.Integrity;

/// <summary>
/// The checksums of the file's rows. A row's digest covers all of its columns. The chain ties it to all rows before it: the chain after a
/// row is the digest of the chain before it and of the row's digest. Both are XXH3 with 64 bits, which finds damage at a fraction of the
/// cost of a cryptographic hash. They are no protection from a program that may write the file. Not safe for concurrent use.
/// </summary>
internal sealed class RowDigest
{
    private readonly XxHash3 _hash = new();

    /// <param name="row">The ID of the row.</param>
    /// <param name="key">The key in UTF-8.</param>
    /// <param name="createRevision">The revision that created the key.</param>
    /// <param name="isDeletion">Whether the row has no value.</param>
    /// <param name="value">The value; empty for a deletion.</param>
    public long Of(RowId row, ReadOnlySpan<byte> key, long createRevision, bool isDeletion, ReadOnlySpan<byte> value)
    {
        Span<byte> head = stackalloc byte[(2 * sizeof(long)) + sizeof(int) + 1];
        BinaryPrimitives.WriteInt64LittleEndian(head, row.Value);
        BinaryPrimitives.WriteInt64LittleEndian(head[8..], createRevision);
        BinaryPrimitives.WriteInt32LittleEndian(head[16..], key.Length);
        head[20] = isDeletion ? (byte)1 : (byte)0;
        _hash.Append(head);
        _hash.Append(key);
        _hash.Append(value);
        return Take();
    }

    /// <summary>The digest of some numbers, and of bytes behind them.</summary>
    public long Of(ReadOnlySpan<long> numbers, ReadOnlySpan<byte> bytes = default)
    {
        Span<byte> one = stackalloc byte[sizeof(long)];
        foreach (var number in numbers)
        {
            BinaryPrimitives.WriteInt64LittleEndian(one, number);
            _hash.Append(one);
        }
        _hash.Append(bytes);
        return Take();
    }

    /// <summary>The chain after a row.</summary>
    public long Chain(long before, long digest) => Of([before, digest]);

    private long Take()
    {
        var digest = _hash.GetCurrentHashAsUInt64();
        _hash.Reset();
        return unchecked((long)digest);
    }
}
