using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Model.Documents;

/// <summary>
/// Reads JSON that the server wrote itself. Documents may be nested more deeply than .NET reads by itself (64 levels), and all that was
/// accepted must be readable for ever after: by the server, and by controllers that look at objects of others.
/// </summary>
public static class DeepJson
{
    /// <summary>How deep a document may be that comes from outside, in any form.</summary>
    public const int MaxDepthAccepted = 256;

    // What the server adds: the fields' managers repeat an object's depth, a review or a list holds it.
    private const int MaxDepthRead = 2 * MaxDepthAccepted;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepthRead };

    /// <summary>For readers of documents.</summary>
    public static JsonReaderOptions Reader { get; } = new() { MaxDepth = MaxDepthRead };

    public static JsonNode? Node(ReadOnlySpan<byte> utf8) => JsonNode.Parse(utf8, default, Options);

    public static JsonDocument Document(ReadOnlyMemory<byte> utf8) => JsonDocument.Parse(utf8, Options);
}
