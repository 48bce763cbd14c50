using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Petrel.Agent.Files;

namespace Petrel.Agent.Images;

/// <summary>
/// Reads images from files into a blob store: OCI image layouts (a directory, or a tar archive of one) and the archives that
/// <c>docker save</c> writes.
/// </summary>
internal static class ImageArchive
{
    private const string ReferenceName = "org.opencontainers.image.ref.name";
    private const string ContainerdName = "io.containerd.image.name";

    /// <summary>Imports every blob and returns the images that have a name, in the archive's order.</summary>
    /// <exception cref="InvalidDataException">The file is not a supported archive, or it is damaged.</exception>
    public static async ValueTask<IReadOnlyList<(ImageReference Reference, Descriptor Manifest)>> ReadAsync(
        string path,
        BlobStore blobs,
        CancellationToken cancellationToken
    )
    {
        using var scratch = blobs.NewScratch();
        var layout = scratch.Directory;
        if (Directory.Exists(path))
        {
            // Check before copying: the user may have passed a large, unrelated directory.
            if (!File.Exists(Path.Combine(path, "index.json")))
            {
                throw new InvalidDataException("the folder is not an OCI image layout (it has no index.json)");
            }
            var blobFiles = Path.Combine(path, "blobs");
            IEnumerable<string> files = Directory.Exists(blobFiles)
                ? Directory.EnumerateFiles(blobFiles, "*", SearchOption.AllDirectories)
                : [];
            foreach (var file in files.Prepend(Path.Combine(path, "index.json")))
            {
                var copy = Path.Combine(layout, Path.GetRelativePath(path, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }
        else
        {
            await ExtractAsync(path, layout, cancellationToken);
        }
        if (File.Exists(Path.Combine(layout, "index.json")))
        {
            return await ReadLayoutAsync(layout, blobs, cancellationToken);
        }
        if (File.Exists(Path.Combine(layout, "manifest.json")))
        {
            return await ReadDockerArchiveAsync(layout, blobs, cancellationToken);
        }
        throw new InvalidDataException("neither an OCI image layout (index.json) nor a docker archive (manifest.json)");
    }

    private static async ValueTask ExtractAsync(string archive, string target, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(archive);
        await using var content = Decompress(file);
        await using var tar = new TarReader(content);
        using var root = ConfinedDirectory.Open(target);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
        {
            // Extract regular files only: image archives need no other entry types.
            var path = ScopedPath.Resolve(root, entry.Name, followLast: false);
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && path.Length > 0)
            {
                root.EnsureDirectory(path[..Math.Max(path.LastIndexOf('/'), 0)], 0x1C0).Dispose();
                root.RemoveTree(path);
                await using var output = root.CreateFile(path);
                if (entry.DataStream is { } data)
                {
                    await data.CopyToAsync(output, cancellationToken);
                }
            }
        }
    }

    // Detects the compression from the first bytes, because the file name is not reliable (.tar, .tar.gz, .tgz, or anything else).
    private static Stream Decompress(FileStream file)
    {
        Span<byte> start = stackalloc byte[4];
        var count = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return start[..count] switch
        {
            [0x1f, 0x8b, ..] => new GZipStream(file, CompressionMode.Decompress),
            [0x28, 0xb5, 0x2f, 0xfd] => throw new InvalidDataException("it is compressed with zstd: decompress it first ('unzstd FILE')"),
            [(byte)'B', (byte)'Z', (byte)'h', ..] => throw new InvalidDataException(
                "it is compressed with bzip2: decompress it first ('bunzip2 FILE')"
            ),
            [0xfd, (byte)'7', (byte)'z', (byte)'X'] => throw new InvalidDataException(
                "it is compressed with xz: decompress it first ('unxz FILE')"
            ),
            _ => file,
        };
    }

    private static async ValueTask<IReadOnlyList<(ImageReference, Descriptor)>> ReadLayoutAsync(
        string layout,
        BlobStore blobs,
        CancellationToken cancellationToken
    )
    {
        var folder = Path.Combine(layout, "blobs", "sha256");
        foreach (var file in Directory.Exists(folder) ? Directory.GetFiles(folder) : [])
        {
            await blobs.AdoptAsync(file, "sha256:" + Path.GetFileName(file), cancellationToken);
        }
        var index = JsonSerializer.Deserialize(
            await File.ReadAllBytesAsync(Path.Combine(layout, "index.json"), cancellationToken),
            OciJson.Default.ManifestDocument
        )!;
        var images = new List<(ImageReference, Descriptor)>();
        foreach (var entry in index.Manifests ?? [])
        {
            // Some tools write only the tag as the name. A tag without a repository does not identify an image.
            var name = entry.Annotations?.GetValueOrDefault(ContainerdName) ?? entry.Annotations?.GetValueOrDefault(ReferenceName);
            if (name is not null && ChoosePlatform(entry, blobs) is { } manifest)
            {
                images.Add((ImageReference.Parse(name), manifest));
            }
        }
        return images;
    }

    /// <summary>The manifest for this machine's platform. The descriptor may be a manifest or an index of several platforms.</summary>
    internal static Descriptor? ChoosePlatform(Descriptor descriptor, BlobStore blobs)
    {
        var document = JsonSerializer.Deserialize(blobs.Read(descriptor.Digest), OciJson.Default.ManifestDocument)!;
        if (document.Manifests is not { } manifests)
        {
            return descriptor;
        }
        var chosen = manifests.FirstOrDefault(m => m.Platform is { Os: "linux" } p && p.Architecture == ImageStore.Architecture)
            ?? manifests.FirstOrDefault(m => m.Platform is null);
        return chosen is null ? null : ChoosePlatform(chosen, blobs);
    }

    private static async ValueTask<IReadOnlyList<(ImageReference, Descriptor)>> ReadDockerArchiveAsync(
        string layout,
        BlobStore blobs,
        CancellationToken cancellationToken
    )
    {
        var listed = JsonSerializer.Deserialize(
            await File.ReadAllBytesAsync(Path.Combine(layout, "manifest.json"), cancellationToken),
            OciJson.Default.ListDockerArchiveImage
        )!;
        var adopted = new SortedDictionary<string, Descriptor>(StringComparer.Ordinal);
        var images = new List<(ImageReference, Descriptor)>();
        foreach (var image in listed)
        {
            var layers = new List<Descriptor>();
            foreach (var layer in image.Layers)
            {
                layers.Add(await AdoptAsync(layer, MediaTypes.Layer));
            }
            var manifest = new ManifestDocument
            {
                MediaType = MediaTypes.Manifest,
                Config = await AdoptAsync(image.Config, MediaTypes.Config),
                Layers = layers,
            };
            var content = JsonSerializer.SerializeToUtf8Bytes(manifest, OciJson.Default.ManifestDocument);
            var descriptor = new Descriptor
            {
                MediaType = MediaTypes.Manifest,
                Digest = blobs.Put(content),
                Size = content.Length,
            };
            images.AddRange((image.RepoTags ?? []).Select(tag => (ImageReference.Parse(tag), descriptor)));
        }
        return images;

        async ValueTask<Descriptor> AdoptAsync(string name, string mediaType)
        {
            if (!adopted.TryGetValue(name, out var descriptor))
            {
                using var root = ConfinedDirectory.Open(layout);
                var file = Path.Combine(layout, ScopedPath.Resolve(root, name, followLast: false));
                if (!File.Exists(file))
                {
                    throw new InvalidDataException($"manifest.json names '{name}', which is not in the archive");
                }
                var size = new FileInfo(file).Length;
                descriptor = new Descriptor
                {
                    MediaType = mediaType,
                    Digest = await blobs.AdoptAsync(file, null, cancellationToken),
                    Size = size,
                };
                adopted.Add(name, descriptor);
            }
            return descriptor;
        }
    }
}
