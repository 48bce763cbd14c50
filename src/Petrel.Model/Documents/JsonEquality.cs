using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Model.Documents;

/// <summary>
/// <see cref="JsonNode.DeepEquals"/> for documents that are mostly equal. Objects and lists are serialized and compared as bytes first.
/// Parsed nodes that have never been read stay unmaterialized this way; a comparison of nodes would allocate an object for each of them.
/// </summary>
public static class JsonEquality
{
    // The largest buffers that a thread keeps, in bytes, so that one large document does not hold memory forever.
    private const int MostKept = 256 * 1024;

    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Left, ArrayBufferWriter<byte> Right, Utf8JsonWriter Writer)? _scratch;

    public static bool DeepEquals(JsonNode? left, JsonNode? right) =>
        (left is JsonObject && right is JsonObject) || (left is JsonArray && right is JsonArray)
            ? HaveSameBytes(left, right) || JsonNode.DeepEquals(left, right)
            : JsonNode.DeepEquals(left, right);

    /// <summary>Whether both are written as the same bytes. If not, they may still be equal.</summary>
    public static bool HaveSameBytes(JsonNode left, JsonNode right)
    {
        var scratch = _scratch ?? (new(), new(), new Utf8JsonWriter(Stream.Null, new() { SkipValidation = true }));
        _scratch = null;
        Write(left, scratch.Left, scratch.Writer);
        Write(right, scratch.Right, scratch.Writer);
        var same = scratch.Left.WrittenSpan.SequenceEqual(scratch.Right.WrittenSpan);
        if (scratch.Left.Capacity + scratch.Right.Capacity <= MostKept)
        {
            scratch.Left.ResetWrittenCount();
            scratch.Right.ResetWrittenCount();
            _scratch = scratch;
        }
        return same;
    }

    private static void Write(JsonNode node, ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer)
    {
        writer.Reset(buffer);
        node.WriteTo(writer);
        writer.Flush();
    }
}
