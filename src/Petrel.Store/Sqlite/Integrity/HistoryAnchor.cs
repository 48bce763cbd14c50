using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Petrel.Store.Sqlite.Integrity;

/// <summary>
/// A small file beside the store that names the newest acknowledged revision, so that a store whose end is lost is noticed. It is written
/// after each group is durable and before the group is acknowledged, so it never names a revision that the store does not have. The write
/// goes to the page cache, which survives the process; it is flushed to the disk at most about a second later. Two slots take turns: a
/// damaged slot leaves the other.
/// </summary>
internal sealed class HistoryAnchor : IDisposable
{
    private const long Magic = 0x314C5254_50484957;
    private const int SlotBytes = 48;
    private const int SealedBytes = 40;
    private const int SlotDistance = 512;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly SafeFileHandle _file;
    private readonly RowDigest _digest = new();
    private readonly byte[] _slot = new byte[SlotBytes];
    private int _next;

    private HistoryAnchor(SafeFileHandle file, int next) => (_file, _next) = (file, next);

    /// <summary>Whether something was written that is not flushed yet.</summary>
    public bool IsDirty { get; private set; }

    public static string PathOf(string storePath) => storePath + "-anchor";

    public static bool Exists(string storePath) => File.Exists(PathOf(storePath));

    /// <summary>Reads the anchor of a store; null when there is none.</summary>
    /// <exception cref="InvalidDataException">Neither slot is intact.</exception>
    public static AnchorState? Read(string storePath) => ReadSlots(PathOf(storePath))?.State;

    /// <summary>Opens the anchor of a store, or creates it, durable when this returns.</summary>
    public static HistoryAnchor Open(string storePath, AnchorState state)
    {
        var path = PathOf(storePath);
        var next = ReadSlots(path)?.Next ?? 0;
        if (!File.Exists(path))
        {
            Create(path, state);
        }
        var anchor = new HistoryAnchor(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read), next);
        anchor.Advance(state);
        anchor.Flush();
        return anchor;
    }

    /// <summary>Names a newer revision.</summary>
    public void Advance(AnchorState state)
    {
        Encode(state, _slot, _digest);
        RandomAccess.Write(_file, _slot, _next * SlotDistance);
        _next ^= 1;
        IsDirty = true;
    }

    public void Flush()
    {
        RandomAccess.FlushToDisk(_file);
        IsDirty = false;
    }

    public void Dispose() => _file.Dispose();

    // A new name appears only with the whole content, so that a crash leaves no anchor without it.
    private static void Create(string path, AnchorState state)
    {
        var digest = new RowDigest();
        var bytes = new byte[2 * SlotDistance];
        Encode(state, bytes, digest);
        Encode(state, bytes.AsSpan(SlotDistance), digest);
        var temporary = path + ".new";
        using (
            var file = new FileStream(
                temporary,
                new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = OwnerOnly,
                }
            )
        )
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, path, overwrite: true);
    }

    private static (AnchorState State, int Next)? ReadSlots(string path)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        (AnchorState State, int Next)? newest = null;
        var digest = new RowDigest();
        for (var i = 0; i < 2; i++)
        {
            var start = i * SlotDistance;
            if (bytes.Length < start + SlotBytes || Decode(bytes.AsSpan(start, SlotBytes), digest) is not { } state)
            {
                continue;
            }
            if (newest is null || newest.Value.State.Revision <= state.Revision)
            {
                newest = (state, i ^ 1);
            }
        }
        return newest ?? throw new InvalidDataException("it does not say up to which revision the store was written");
    }

    private static void Encode(AnchorState state, Span<byte> slot, RowDigest digest)
    {
        BinaryPrimitives.WriteInt64LittleEndian(slot, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(slot[8..], state.Store);
        BinaryPrimitives.WriteInt64LittleEndian(slot[16..], state.Revision);
        BinaryPrimitives.WriteInt64LittleEndian(slot[24..], state.Chain);
        BinaryPrimitives.WriteInt64LittleEndian(slot[SealedBytes..], digest.Of([], slot[..SealedBytes]));
    }

    private static AnchorState? Decode(ReadOnlySpan<byte> slot, RowDigest digest) =>
        BinaryPrimitives.ReadInt64LittleEndian(slot) == Magic
        && BinaryPrimitives.ReadInt64LittleEndian(slot[SealedBytes..]) == digest.Of([], slot[..SealedBytes])
            ? new(
                BinaryPrimitives.ReadInt64LittleEndian(slot[8..]),
                BinaryPrimitives.ReadInt64LittleEndian(slot[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(slot[24..])
            )
            : null;
}

/// <summary>What an anchor says.</summary>
/// <param name="Store">The random number that identifies the store.</param>
/// <param name="Revision">The newest acknowledged revision.</param>
/// <param name="Chain">The chain after the last row of that revision.</param>
internal readonly record struct AnchorState(long Store, long Revision, long Chain);
