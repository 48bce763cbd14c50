using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Model.Documents;

/// <summary>
/// Reads JSON that the server wrote itself. Documents may be nested more deeply than .NET's default limit of 64 levels. The server and all
/// controllers must be able to read every document that the API has accepted.
/// </summary>
public static class DeepJson
{
    /// <summary>The maximum nesting of a document from a client, in any format.</summary>
    public const int MaxDepthAccepted = 256;

    // The server adds nesting: managedFields repeat the depth of the object, and a review or a list contains it.
    private const int MaxDepthRead = 2 * MaxDepthAccepted;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepthRead };

    /// <summary>Options for reading documents.</summary>
    public static JsonReaderOptions Reader { get; } = new() { MaxDepth = MaxDepthRead };

    public static JsonNode? Node(ReadOnlySpan<byte> utf8) => JsonNode.Parse(utf8, default, Options);

    public static JsonDocument Document(ReadOnlyMemory<byte> utf8) => JsonDocument.Parse(utf8, Options);
}
