using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Petrel.Agent.Images;

/// <summary>
/// Unpacks one image layer (OCI image specification, "Image Layer Filesystem Changeset") into a directory that overlayfs can use as a lower
/// layer: whiteouts become character devices 0/0, and opaque markers become the attribute <c>trusted.overlay.opaque</c>. Without root
/// privileges, the current user owns every entry and can read and write it; device nodes are skipped, and the attribute is
/// <c>user.overlay.opaque</c>.
/// </summary>
internal static class LayerUnpacker
{
    private const string WhiteoutPrefix = ".wh.";
    private const string OpaqueMarker = ".wh..wh..opq";
    private const string AttributePrefix = "SCHILY.xattr.";
    private const uint OwnersFile = 0x180; // 0600
    private const uint OwnersFolder = 0x1C0; // 0700

    // The kernel lets only root set the first attribute.
    private static readonly string[] OpaqueAttributes = ["trusted.overlay.opaque", "user.overlay.opaque"];

    private static string OpaqueAttribute => OpaqueAttributes[Environment.IsPrivilegedProcess ? 0 : 1];

    /// <summary>Whether an unpacked entry is a whiteout, which hides the entry with the same name in lower layers.</summary>
    public static bool IsWhiteout(string path) => FileSystemCalls.TypeOf(path) is (FileSystemCalls.CharacterDevice, 0, 0);

    /// <summary>Whether an unpacked directory is opaque, which means that it hides the directory's content in lower layers.</summary>
    public static bool IsOpaque(string path) => OpaqueAttributes.Any(name => FileSystemCalls.HasAttribute(path, name));

    /// <summary>Unpacks the blob at <paramref name="blob"/> into the empty directory <paramref name="target"/>.</summary>
    /// <returns>The digest of the uncompressed layer, its <c>diff_id</c>.</returns>
    /// <exception cref="InvalidDataException">The layer is damaged, or an entry's path points outside of the layer.</exception>
    public static async ValueTask<string> UnpackAsync(string blob, string mediaType, string target, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(blob);
        await using var plain = await DecompressAsync(file, mediaType, cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var hashed = new HashingStream(plain, hash);
        await using (var tar = new TarReader(hashed, leaveOpen: true))
        {
            var directories = new List<(string Path, DateTimeOffset Modified)>();
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                await UnpackEntryAsync(entry, target, directories, cancellationToken);
            }
            // Set the times of parents after their children: creating an entry changes the modification time of its directory.
            for (var i = directories.Count - 1; i >= 0; i--)
            {
                if (Directory.Exists(directories[i].Path))
                {
                    FileSystemCalls.SetModified(directories[i].Path, directories[i].Modified);
                }
            }
        }
        await hashed.CopyToAsync(Stream.Null, cancellationToken);
        return "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static async ValueTask<Stream> DecompressAsync(FileStream file, string mediaType, CancellationToken cancellationToken)
    {
        // Detect the compression from the first bytes: the media types in docker archives do not tell whether a layer is compressed.
        var magic = new byte[4];
        var read = await file.ReadAtLeastAsync(magic, 4, throwOnEndOfStream: false, cancellationToken);
        file.Position = 0;
        if (read >= 2 && magic[0] == 0x1F && magic[1] == 0x8B)
        {
            return new GZipStream(file, CompressionMode.Decompress);
        }
        if (read == 4 && magic.AsSpan().SequenceEqual((ReadOnlySpan<byte>)[0x28, 0xB5, 0x2F, 0xFD]))
        {
            throw new InvalidDataException($"the layer is compressed with zstd ({mediaType}); supported are gzip and plain tar layers");
        }
        return file;
    }

    private static async ValueTask UnpackEntryAsync(
        TarEntry entry,
        string root,
        List<(string Path, DateTimeOffset Modified)> directories,
        CancellationToken cancellationToken
    )
    {
        var name = entry.Name.TrimEnd('/');
        if (name.Split('/').Contains(".."))
        {
            throw new InvalidDataException($"layer entry '{entry.Name}' leads outside of the layer");
        }
        var path = ScopedPath.Resolve(root, name, followLast: false);
        if (path == root)
        {
            ApplyMetadata(entry, root);
            directories.Insert(0, (root, entry.ModificationTime));
            return;
        }
        var parent = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(parent);
        var leaf = Path.GetFileName(path);
        if (leaf == OpaqueMarker)
        {
            FileSystemCalls.SetAttribute(parent, OpaqueAttribute, "y"u8);
            return;
        }
        if (leaf.StartsWith(WhiteoutPrefix, StringComparison.Ordinal))
        {
            var hidden = $"{parent}/{leaf[WhiteoutPrefix.Length..]}";
            if (!Exists(hidden))
            {
                FileSystemCalls.MakeNode(hidden, FileSystemCalls.CharacterDevice, 0, 0, 0);
            }
            return;
        }
        if (entry.EntryType != TarEntryType.Directory || !IsDirectory(path))
        {
            Remove(path);
        }
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                Directory.CreateDirectory(path);
                directories.Add((path, entry.ModificationTime));
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
                {
                    if (entry.DataStream is { } data)
                    {
                        await data.CopyToAsync(file, cancellationToken);
                    }
                }
                break;
            case TarEntryType.SymbolicLink:
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                var existing = ScopedPath.Resolve(root, entry.LinkName, followLast: false);
                if (!Exists(existing))
                {
                    throw new InvalidDataException(
                        $"layer entry '{entry.Name}' is a hard link to '{entry.LinkName}', which is not in the layer"
                    );
                }
                FileSystemCalls.MakeHardLink(existing, path);
                return;
            case TarEntryType.CharacterDevice or TarEntryType.BlockDevice when !Environment.IsPrivilegedProcess:
                return;
            case TarEntryType.CharacterDevice or TarEntryType.BlockDevice:
                var device = (PosixTarEntry)entry;
                var type = entry.EntryType == TarEntryType.CharacterDevice ? FileSystemCalls.CharacterDevice : FileSystemCalls.BlockDevice;
                FileSystemCalls.MakeNode(path, type, (uint)entry.Mode, (uint)device.DeviceMajor, (uint)device.DeviceMinor);
                break;
            case TarEntryType.Fifo:
                FileSystemCalls.MakeNode(path, FileSystemCalls.Fifo, (uint)entry.Mode, 0, 0);
                break;
            default:
                throw new InvalidDataException($"layer entry '{entry.Name}' has the unknown type '{entry.EntryType}'");
        }
        ApplyMetadata(entry, path);
    }

    private static void ApplyMetadata(TarEntry entry, string path)
    {
        var privileged = Environment.IsPrivilegedProcess;
        if (privileged)
        {
            FileSystemCalls.ChangeOwner(path, entry.Uid, entry.Gid);
        }
        if (entry is PaxTarEntry pax && privileged)
        {
            foreach (var (key, value) in pax.ExtendedAttributes)
            {
                // The tar reader decodes values as UTF-8, which corrupts binary values. Skip those.
                if (key.StartsWith(AttributePrefix, StringComparison.Ordinal) && !value.Contains('\uFFFD'))
                {
                    FileSystemCalls.SetAttribute(path, key[AttributePrefix.Length..], Encoding.UTF8.GetBytes(value));
                }
            }
        }
        if (entry.EntryType != TarEntryType.SymbolicLink)
        {
            var own =
                privileged ? 0
                : entry.EntryType == TarEntryType.Directory ? OwnersFolder
                : OwnersFile;
            FileSystemCalls.ChangeMode(path, (uint)entry.Mode | own);
        }
        if (entry.EntryType != TarEntryType.Directory)
        {
            FileSystemCalls.SetModified(path, entry.ModificationTime);
        }
    }

    private static bool Exists(string path) =>
        new FileInfo(path) is { } info && (info.Exists || info.LinkTarget is not null || Directory.Exists(path));

    private static bool IsDirectory(string path) => Directory.Exists(path) && new FileInfo(path).LinkTarget is null;

    private static void Remove(string path)
    {
        if (IsDirectory(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }

    /// <summary>A read-only stream that hashes the bytes that are read through it.</summary>
    private sealed class HashingStream(Stream inner, IncrementalHash hash) : Stream
    {
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            var read = inner.Read(buffer);
            hash.AppendData(buffer[..read]);
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            hash.AppendData(buffer.Span[..read]);
            return read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
