using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Petrel.Agent.Files;

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
    private const uint NewFolder = 0x1ED; // 0755

    // The kernel lets only root set the first attribute.
    private static readonly string[] OpaqueAttributes = ["trusted.overlay.opaque", "user.overlay.opaque"];

    private static string OpaqueAttribute => OpaqueAttributes[Environment.IsPrivilegedProcess ? 0 : 1];

    /// <summary>Whether an unpacked directory is opaque, which means that it hides the directory's content in lower layers.</summary>
    public static bool IsOpaque(string path)
    {
        using var directory = ConfinedDirectory.Open(path);
        return OpaqueAttributes.Any(directory.HasAttribute);
    }

    /// <summary>Unpacks the blob at <paramref name="blob"/> into the empty directory <paramref name="target"/>.</summary>
    /// <returns>The digest of the uncompressed layer, its <c>diff_id</c>.</returns>
    /// <exception cref="InvalidDataException">
    /// The layer is damaged or larger than <paramref name="limits"/> allow, or an entry's path points outside of the layer.
    /// </exception>
    public static async ValueTask<string> UnpackAsync(
        string blob,
        string mediaType,
        string target,
        ImageLimits limits,
        CancellationToken cancellationToken
    )
    {
        await using var file = File.OpenRead(blob);
        await using var plain = await DecompressAsync(file, mediaType, cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var hashed = new HashingStream(plain, hash, limits.LayerBytes);
        await using (var tar = new TarReader(hashed, leaveOpen: true))
        {
            using var root = ConfinedDirectory.Open(target);
            var directories = new List<(string Path, DateTimeOffset Modified)>();
            var entries = 0;
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                if (++entries > limits.LayerEntries)
                {
                    throw new InvalidDataException($"the layer has more than {limits.LayerEntries} entries");
                }
                await UnpackEntryAsync(entry, root, directories, cancellationToken);
            }
            // Set the times of parents after their children: creating an entry changes the modification time of its directory.
            for (var i = directories.Count - 1; i >= 0; i--)
            {
                if (directories[i].Path.Length == 0)
                {
                    Directory.SetLastWriteTimeUtc(root.PinnedPath, directories[i].Modified.UtcDateTime);
                }
                else if (root.StatusOf(directories[i].Path) is { Type: FileType.Directory })
                {
                    root.SetModified(directories[i].Path, directories[i].Modified);
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
        ConfinedDirectory root,
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
        if (path.Length == 0)
        {
            if (entry.EntryType != TarEntryType.Directory)
            {
                throw new InvalidDataException($"layer entry '{entry.Name}' would replace the layer's root");
            }
            ApplyMetadata(entry, root, path);
            directories.Insert(0, (path, entry.ModificationTime));
            return;
        }
        var slash = path.LastIndexOf('/');
        var (parent, leaf) = (path[..Math.Max(slash, 0)], path[(slash + 1)..]);
        root.EnsureDirectory(parent, NewFolder).Dispose();
        if (leaf == OpaqueMarker)
        {
            root.SetAttribute(parent, OpaqueAttribute, "y"u8);
            return;
        }
        if (leaf.StartsWith(WhiteoutPrefix, StringComparison.Ordinal))
        {
            var hidden = leaf[WhiteoutPrefix.Length..];
            if (hidden is "" or "." or "..")
            {
                throw new InvalidDataException($"layer entry '{entry.Name}' is a whiteout of no entry");
            }
            hidden = parent.Length == 0 ? hidden : $"{parent}/{hidden}";
            if (root.StatusOf(hidden) is null)
            {
                root.CreateNode(hidden, FileType.CharacterDevice, 0);
            }
            return;
        }
        if (entry.EntryType != TarEntryType.Directory || root.StatusOf(path) is not { Type: FileType.Directory })
        {
            root.RemoveTree(path);
        }
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                root.EnsureDirectory(path, NewFolder).Dispose();
                directories.Add((path, entry.ModificationTime));
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                await using (var file = root.CreateFile(path))
                {
                    if (entry.DataStream is { } data)
                    {
                        await data.CopyToAsync(file, 1 << 16, cancellationToken);
                    }
                }
                break;
            case TarEntryType.SymbolicLink:
                root.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                var existing = ScopedPath.Resolve(root, entry.LinkName, followLast: false);
                if (existing.Length == 0 || root.StatusOf(existing) is null)
                {
                    throw new InvalidDataException(
                        $"layer entry '{entry.Name}' is a hard link to '{entry.LinkName}', which is not in the layer"
                    );
                }
                root.CreateHardLink(existing, path);
                return;
            case TarEntryType.CharacterDevice or TarEntryType.BlockDevice when !Environment.IsPrivilegedProcess:
                return;
            case TarEntryType.CharacterDevice or TarEntryType.BlockDevice:
                var device = (PosixTarEntry)entry;
                var type = entry.EntryType == TarEntryType.CharacterDevice ? FileType.CharacterDevice : FileType.BlockDevice;
                root.CreateNode(path, type, OwnersFile, (uint)device.DeviceMajor, (uint)device.DeviceMinor);
                break;
            case TarEntryType.Fifo:
                root.CreateNode(path, FileType.Fifo, OwnersFile);
                break;
            default:
                throw new InvalidDataException($"layer entry '{entry.Name}' has the unknown type '{entry.EntryType}'");
        }
        ApplyMetadata(entry, root, path);
    }

    private static void ApplyMetadata(TarEntry entry, ConfinedDirectory root, string path)
    {
        var privileged = Environment.IsPrivilegedProcess;
        if (privileged)
        {
            if (path.Length == 0)
            {
                root.ChangeOwner(entry.Uid, entry.Gid);
            }
            else
            {
                root.ChangeOwnerOf(path, entry.Uid, entry.Gid);
            }
        }
        if (entry.EntryType == TarEntryType.SymbolicLink)
        {
            root.SetModified(path, entry.ModificationTime);
            return;
        }
        if (entry is PaxTarEntry pax && privileged)
        {
            foreach (var (key, value) in pax.ExtendedAttributes)
            {
                // The tar reader decodes values as UTF-8, which corrupts binary values. Skip those.
                if (key.StartsWith(AttributePrefix, StringComparison.Ordinal) && !value.Contains('\uFFFD'))
                {
                    SetAttribute(root, path, key[AttributePrefix.Length..], value);
                }
            }
        }
        var own =
            privileged ? 0
            : entry.EntryType == TarEntryType.Directory ? OwnersFolder
            : OwnersFile;
        if (path.Length == 0)
        {
            root.ChangeMode((uint)entry.Mode | own);
        }
        else
        {
            root.ChangeModeOf(path, (uint)entry.Mode | own);
        }
        if (entry.EntryType != TarEntryType.Directory)
        {
            root.SetModified(path, entry.ModificationTime);
        }
    }

    // Attributes of overlayfs would give an image power over the mount of its layers, and those of other families over the node's policies.
    private static void SetAttribute(ConfinedDirectory root, string path, string name, string value)
    {
        var isAllowed =
            name == "security.capability"
            || (name.StartsWith("user.", StringComparison.Ordinal) && !name.StartsWith("user.overlay.", StringComparison.Ordinal));
        if (isAllowed)
        {
            root.SetAttribute(path, name, Encoding.UTF8.GetBytes(value));
        }
    }

    /// <summary>A read-only stream that hashes the bytes that are read through it, up to a limit.</summary>
    private sealed class HashingStream(Stream inner, IncrementalHash hash, long limit) : Stream
    {
        private long _total;

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
            Count(read);
            hash.AppendData(buffer[..read]);
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            Count(read);
            hash.AppendData(buffer.Span[..read]);
            return read;
        }

        private void Count(int read)
        {
            _total += read;
            if (_total > limit)
            {
                throw new InvalidDataException($"the unpacked layer is larger than {limit} bytes");
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush() { }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
