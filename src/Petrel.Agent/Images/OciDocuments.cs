using System.Text.Json.Serialization;

namespace Petrel.Agent.Images;

// These properties have set accessors instead of init: otherwise the serializer would overwrite the default value of an absent field.

/// <summary>Content descriptor (OCI image specification).</summary>
internal sealed record Descriptor
{
    public string MediaType { get; set; } = "";
    public string Digest { get; set; } = "";
    public long Size { get; set; }
    public Platform? Platform { get; set; }
    public SortedDictionary<string, string>? Annotations { get; set; }
}

internal sealed record Platform(string Architecture, string Os);

/// <summary>
/// An image manifest or an image index, also in Docker schema 2 form. Which of the lists is present distinguishes the two.
/// </summary>
internal sealed record ManifestDocument
{
    public int SchemaVersion { get; set; } = 2;
    public string? MediaType { get; set; }
    public Descriptor? Config { get; set; }
    public List<Descriptor>? Layers { get; set; }
    public List<Descriptor>? Manifests { get; set; }
}

/// <summary>The image configuration: the process to run, and the digests of the uncompressed layers.</summary>
internal sealed record ImageConfigDocument
{
    public string Architecture { get; set; } = "";
    public string Os { get; set; } = "";
    public ImageProcess? Config { get; set; }
    public RootFileSystem Rootfs { get; set; } = new();

    internal sealed record RootFileSystem
    {
        [JsonPropertyName("diff_ids")]
        public List<string> DiffIds { get; set; } = [];
    }
}

/// <summary>The process configuration of an image: the defaults for its containers.</summary>
public sealed record ImageProcess
{
    [JsonPropertyName("User")]
    public string User { get; set; } = "";

    [JsonPropertyName("Env")]
    public IReadOnlyList<string>? Env { get; set; }

    [JsonPropertyName("Entrypoint")]
    public IReadOnlyList<string>? Entrypoint { get; set; }

    [JsonPropertyName("Cmd")]
    public IReadOnlyList<string>? Cmd { get; set; }

    [JsonPropertyName("WorkingDir")]
    public string WorkingDir { get; set; } = "";

    [JsonPropertyName("StopSignal")]
    public string StopSignal { get; set; } = "";
}

/// <summary>One image in <c>manifest.json</c>, which <c>docker save</c> writes.</summary>
internal sealed record DockerArchiveImage
{
    [JsonPropertyName("Config")]
    public string Config { get; set; } = "";

    [JsonPropertyName("RepoTags")]
    public List<string>? RepoTags { get; set; }

    [JsonPropertyName("Layers")]
    public List<string> Layers { get; set; } = [];
}

/// <summary>One reference in the store: an image name and the manifest to which it refers.</summary>
internal sealed record ReferenceDocument(string Reference, Descriptor Manifest);

/// <summary>The response of a registry's token endpoint.</summary>
internal sealed record TokenDocument
{
    public string? Token { get; set; }

    [JsonPropertyName("access_token")]
    public string? AccessToken { get; set; }
}

/// <summary>The error response of a registry.</summary>
internal sealed record RegistryErrors
{
    public List<RegistryError>? Errors { get; set; }

    internal sealed record RegistryError
    {
        public string Code { get; set; } = "";
        public string Message { get; set; } = "";
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ManifestDocument))]
[JsonSerializable(typeof(ImageConfigDocument))]
[JsonSerializable(typeof(List<DockerArchiveImage>))]
[JsonSerializable(typeof(ReferenceDocument))]
[JsonSerializable(typeof(TokenDocument))]
[JsonSerializable(typeof(RegistryErrors))]
internal sealed partial class OciJson : JsonSerializerContext;

internal static class MediaTypes
{
    public const string Index = "application/vnd.oci.image.index.v1+json";
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";
    public const string DockerList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string Config = "application/vnd.oci.image.config.v1+json";
    public const string Layer = "application/vnd.oci.image.layer.v1.tar";
}
