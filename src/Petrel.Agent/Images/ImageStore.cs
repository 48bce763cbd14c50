using System.Runtime.InteropServices;
using System.Text.Json;
using Petrel.Agent.Runtimes;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Images;

/// <summary>An image that is present and unpacked, so that a container can be created from it.</summary>
/// <param name="Id">The config digest.</param>
/// <param name="ManifestDigest">The digest that identifies the image's manifest in a registry.</param>
/// <param name="Layers">The directories of the unpacked layers, base layer first.</param>
public sealed record StoredImage(string Id, string ManifestDigest, long SizeBytes, ImageProcess Process, IReadOnlyList<string> Layers);

/// <summary>
/// A node's images: content-addressed blobs, unpacked layers and image references, in one directory that several nodes on a machine can
/// share. Images are added by <see cref="ImportAsync"/> (OCI archives and layouts, <c>docker save</c> archives) or by <see
/// cref="PullAsync"/> (OCI distribution protocol). Readers see only complete images: files are renamed into place, and references are
/// written last.
/// </summary>
public sealed class ImageStore : IDisposable
{
    private readonly string _layers;
    private readonly string _references;
    private readonly ImageLimits _limits;
    private readonly RegistryClient _registry;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, StoredImage> _loaded = new(StringComparer.Ordinal);

    /// <param name="root">The store's directory. It is created when it does not exist.</param>
    /// <param name="entropy">The source of random names for scratch files.</param>
    /// <param name="registries">The settings for registry access.</param>
    /// <param name="time">The clock for delays before a failed request is retried.</param>
    /// <param name="limits">The bounds of an image; null for the default ones.</param>
    public ImageStore(string root, IEntropy entropy, RegistrySettings registries, TimeProvider time, ImageLimits? limits = null)
    {
        _limits = limits ?? new();
        Root = root;
        _layers = Path.Combine(root, "layers");
        _references = Path.Combine(root, "references");
        Directory.CreateDirectory(_layers);
        Directory.CreateDirectory(_references);
        Blobs = new BlobStore(root, entropy, _limits.DocumentBytes);
        _registry = new RegistryClient(registries, Blobs, time, _limits);
    }

    public string Root { get; }

    internal BlobStore Blobs { get; }

    /// <summary>The image that a reference (or an image id, <c>sha256:…</c>) names, or null when it is absent.</summary>
    /// <exception cref="RuntimeException">The reference is malformed; the reason is <c>InvalidImageName</c>.</exception>
    public ImageStatus? Find(string reference) => FindManifest(reference) is { } manifest ? Status(manifest.Digest) : null;

    /// <summary>The image with its process configuration and unpacked layers, or null when it is absent.</summary>
    public StoredImage? Load(string reference) => FindManifest(reference) is { } manifest ? LoadManifest(manifest.Digest) : null;

    /// <summary>All images, ordered by id.</summary>
    public IReadOnlyList<ImageStatus> List()
    {
        var digests = ReadReferences().Select(r => r.Manifest.Digest).Distinct().Order(StringComparer.Ordinal);
        var images = new SortedDictionary<string, ImageStatus>(StringComparer.Ordinal);
        foreach (var digest in digests)
        {
            var status = Status(digest);
            images[status.Id] = images.TryGetValue(status.Id, out var other)
                ? other with
                {
                    References = [.. other.References, .. status.References],
                }
                : status;
        }
        return [.. images.Values];
    }

    /// <summary>Imports every image of an OCI archive, an OCI layout directory, or a <c>docker save</c> archive.</summary>
    /// <exception cref="RuntimeException">The archive can't be imported. The reason is <c>ErrImagePull</c>; the message describes the
    /// error.</exception>
    public async ValueTask<IReadOnlyList<ImageStatus>> ImportAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var images = new List<ImageStatus>();
            foreach (var (reference, manifest) in await ImageArchive.ReadAsync(path, Blobs, cancellationToken))
            {
                images.Add(await AddAsync(reference, manifest, cancellationToken));
            }
            return images.Count > 0 ? images : throw new InvalidDataException("it holds no image with a name");
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or IOException)
        {
            throw new RuntimeException("ErrImagePull", $"cannot import {path}: {e.Message}", e);
        }
    }

    /// <summary>Fetches an image from its registry.</summary>
    /// <exception cref="RuntimeException">The reason is <c>ErrImagePull</c>, with the registry's error message, or
    /// <c>InvalidImageName</c>.</exception>
    public async ValueTask<ImageStatus> PullAsync(string reference, CancellationToken cancellationToken)
    {
        var name = ImageReference.Parse(reference);
        try
        {
            return await AddAsync(name, await _registry.FetchAsync(name, cancellationToken), cancellationToken);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or IOException or HttpRequestException)
        {
            throw new RuntimeException("ErrImagePull", $"failed to pull image \"{reference}\": {e.Message}", e);
        }
    }

    public void Dispose() => _registry.Dispose();

    private Descriptor? FindManifest(string reference)
    {
        if (reference.StartsWith("sha256:", StringComparison.Ordinal))
        {
            return ReadReferences()
                .FirstOrDefault(r => r.Manifest.Digest == reference || LoadManifest(r.Manifest.Digest).Id == reference)
                ?.Manifest;
        }
        var name = ImageReference.Parse(reference);
        if (name.Digest is { } digest)
        {
            // A digest matches every reference in the repository, regardless of the tag with which it was imported.
            return ReadReferences()
                .FirstOrDefault(r => r.Manifest.Digest == digest && ImageReference.Parse(r.Reference).Name == name.Name)
                ?.Manifest;
        }
        return ReadReference(ReferenceFile(name.ToString()))?.Manifest;
    }

    private async ValueTask<ImageStatus> AddAsync(ImageReference reference, Descriptor manifest, CancellationToken cancellationToken)
    {
        var document = ReadManifest(manifest.Digest);
        var config = ReadConfig(document);
        if (config.Rootfs.DiffIds.Count != document.Layers!.Count)
        {
            throw new InvalidDataException(
                $"the image config names {config.Rootfs.DiffIds.Count} layers, the manifest {document.Layers.Count}"
            );
        }
        for (var i = 0; i < document.Layers.Count; i++)
        {
            await UnpackAsync(document.Layers[i], config.Rootfs.DiffIds[i], cancellationToken);
        }
        using (var scratch = Blobs.NewScratch())
        {
            var file = Path.Combine(scratch.Directory, "reference");
            var record = new ReferenceDocument(reference.ToString(), manifest with { Annotations = null });
            await File.WriteAllBytesAsync(
                file,
                JsonSerializer.SerializeToUtf8Bytes(record, OciJson.Default.ReferenceDocument),
                cancellationToken
            );
            File.Move(file, ReferenceFile(record.Reference), overwrite: true);
        }
        return Status(manifest.Digest);
    }

    private async ValueTask UnpackAsync(Descriptor layer, string diffId, CancellationToken cancellationToken)
    {
        var target = LayerDirectory(diffId);
        if (Directory.Exists(target))
        {
            return;
        }
        using var scratch = Blobs.NewScratch();
        var unpacked = Path.Combine(scratch.Directory, "layer");
        Directory.CreateDirectory(unpacked);
        var actual = await LayerUnpacker.UnpackAsync(Blobs.PathOf(layer.Digest), layer.MediaType, unpacked, _limits, cancellationToken);
        if (actual != diffId)
        {
            throw new InvalidDataException($"layer {layer.Digest} unpacks to {actual}, and its image says {diffId}");
        }
        try
        {
            Directory.Move(unpacked, target);
        }
        catch (IOException) when (Directory.Exists(target))
        {
            // Another process has already unpacked this layer. The content is the same, because layers are identified by digest.
        }
    }

    private StoredImage LoadManifest(string digest)
    {
        lock (_lock)
        {
            if (_loaded.TryGetValue(digest, out var image))
            {
                return image;
            }
            var manifest = ReadManifest(digest);
            var config = ReadConfig(manifest);
            image = new StoredImage(
                manifest.Config!.Digest,
                digest,
                manifest.Config.Size + manifest.Layers!.Sum(l => l.Size),
                config.Config ?? new ImageProcess(),
                [.. config.Rootfs.DiffIds.Select(LayerDirectory)]
            );
            _loaded.Add(digest, image);
            return image;
        }
    }

    private ImageStatus Status(string manifestDigest)
    {
        var image = LoadManifest(manifestDigest);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var reference in ReadReferences().Where(r => r.Manifest.Digest == manifestDigest))
        {
            names.Add(reference.Reference);
            names.Add($"{ImageReference.Parse(reference.Reference).Name}@{manifestDigest}");
        }
        return new ImageStatus(image.Id, [.. names], image.SizeBytes, image.Process.User);
    }

    private ManifestDocument ReadManifest(string digest)
    {
        var document = JsonSerializer.Deserialize(Blobs.Read(digest), OciJson.Default.ManifestDocument);
        return document is { Config: not null, Layers: not null }
            ? document
            : throw new InvalidDataException($"{digest} is not an image manifest: it has no config and layers");
    }

    private ImageConfigDocument ReadConfig(ManifestDocument manifest)
    {
        var config = JsonSerializer.Deserialize(Blobs.Read(manifest.Config!.Digest), OciJson.Default.ImageConfigDocument)
            ?? throw new InvalidDataException($"{manifest.Config.Digest} is not an image configuration");
        var wanted = Architecture;
        return config.Architecture is "" || (config.Architecture == wanted && config.Os is "linux" or "")
            ? config
            : throw new InvalidDataException($"the image is built for {config.Os}/{config.Architecture}, this node is linux/{wanted}");
    }

    /// <summary>This machine's architecture, as the OCI image specification names it.</summary>
    internal static string Architecture =>
        RuntimeInformation.ProcessArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "amd64",
            var other => other.ToString().ToLowerInvariant(),
        };

    private string LayerDirectory(string diffId) => Path.Combine(_layers, BlobStore.Hex(diffId));

    private string ReferenceFile(string reference) =>
        Path.Combine(_references, BlobStore.Hex(BlobStore.DigestOf(System.Text.Encoding.UTF8.GetBytes(reference))) + ".json");

    private IEnumerable<ReferenceDocument> ReadReferences() =>
        Directory.EnumerateFiles(_references, "*.json").Order(StringComparer.Ordinal).Select(ReadReference).OfType<ReferenceDocument>();

    private static ReferenceDocument? ReadReference(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), OciJson.Default.ReferenceDocument);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
