using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Model.Documents;

/// <summary>Writes documents as UTF-8 JSON in the server's only format: compact, and escaping only what JSON requires.</summary>
public static class JsonBytes
{
    public static JsonWriterOptions Options { get; } =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static ReadOnlyMemory<byte> Of(JsonNode node) => JsonScratch.Write(node, static (node, writer) => node.WriteTo(writer));
}
