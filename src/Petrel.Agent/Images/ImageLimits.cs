namespace Petrel.Agent.Images;

/// <summary>Bounds of what one image may cost the node, whatever its manifest says.</summary>
public sealed record ImageLimits
{
    /// <summary>The size of an unpacked layer in bytes.</summary>
    public long LayerBytes { get; init; } = 64L << 30;

    /// <summary>The number of files, directories and links in a layer.</summary>
    public int LayerEntries { get; init; } = 2_000_000;

    /// <summary>The size of a blob in bytes, as it is downloaded.</summary>
    public long BlobBytes { get; init; } = 32L << 30;

    /// <summary>The size of a manifest, an index or a configuration in bytes.</summary>
    public int DocumentBytes { get; init; } = 4 << 20;

    /// <summary>How many indexes may refer to each other until a manifest is reached.</summary>
    public int IndexDepth { get; init; } = 4;
}
