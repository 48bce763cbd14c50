using System.Buffers.Binary;
using System.Security.Cryptography;
using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite.Integrity;

/// <summary>
/// The checksums of the file's rows. A row's digest covers all of its columns. The chain ties it to all rows before it: the chain after a
/// row is the digest of the chain before it and of the row's digest. Both are the first 64 bits of SHA-256. Not safe for concurrent use.
/// </summary>
internal sealed class RowDigest : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

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
        _hash.AppendData(head);
        _hash.AppendData(key);
        _hash.AppendData(value);
        return Take();
    }

    /// <summary>The digest of some numbers, and of bytes behind them.</summary>
    public long Of(ReadOnlySpan<long> numbers, ReadOnlySpan<byte> bytes = default)
    {
        Span<byte> one = stackalloc byte[sizeof(long)];
        foreach (var number in numbers)
        {
            BinaryPrimitives.WriteInt64LittleEndian(one, number);
            _hash.AppendData(one);
        }
        _hash.AppendData(bytes);
        return Take();
    }

    /// <summary>The chain after a row.</summary>
    public long Chain(long before, long digest) => Of([before, digest]);

    public void Dispose() => _hash.Dispose();

    private long Take()
    {
        Span<byte> whole = stackalloc byte[SHA256.HashSizeInBytes];
        _hash.GetHashAndReset(whole);
        return BinaryPrimitives.ReadInt64LittleEndian(whole);
    }
}
