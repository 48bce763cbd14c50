namespace Petrel.Model.Api;

/// <summary>
/// A response body that is made while it is sent. A list of objects needs no memory of its own: its objects are those of the cache.
/// </summary>
public interface IApiContent
{
    /// <summary>The length of the whole body in bytes.</summary>
    long Length { get; }

    /// <summary>The parts of the body, in order.</summary>
    IEnumerable<IContentPart> Parts { get; }
}

/// <summary>A part of a response body.</summary>
public interface IContentPart
{
    /// <summary>The length in bytes.</summary>
    int Length { get; }

    /// <summary>Copies the bytes to the beginning of <paramref name="target"/>, and returns how many there are.</summary>
    int CopyTo(Span<byte> target);
}

/// <summary>A part that is there already.</summary>
public sealed class ContentBytes(ReadOnlyMemory<byte> bytes) : IContentPart
{
    /// <inheritdoc/>
    public int Length => bytes.Length;

    /// <inheritdoc/>
    public int CopyTo(Span<byte> target)
    {
        bytes.Span.CopyTo(target);
        return bytes.Length;
    }
}
