using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Model.Documents;

/// <summary>Parses a JSON document and reports duplicate members (the last one takes effect, as in Go).</summary>
public static class DocumentParser
{
    /// <summary>Upstream reports at most this many problems of one document.</summary>
    private const int MaxProblems = 100;

    /// <summary>Returns the document, and field validation's messages for duplicates: <c>duplicate field "spec.replicas"</c>.</summary>
    /// <exception cref="DocumentFormatException">Not JSON, not an object, or nested too deeply.</exception>
    public static (JsonObject Document, IReadOnlyList<string> DuplicateFieldProblems) Parse(ReadOnlySpan<byte> utf8)
    {
        var problems = new List<string>();
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = DeepJson.MaxDepthAccepted });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new DocumentFormatException(
                    $"expected a JSON object, got {(utf8.IsEmpty ? "nothing" : reader.TokenType.ToString())}"
                );
            }
            var document = Object(ref reader, null, problems);
            reader.Read();
            return (document, problems);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException means a string that is not UTF-8, or a lone surrogate.
            throw new DocumentFormatException($"invalid JSON: {e.Message}");
        }
    }

    /// <summary>Parses any JSON value, as leniently as a document.</summary>
    /// <exception cref="DocumentFormatException">Not JSON, or nested too deeply.</exception>
    public static JsonNode? ParseValue(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = DeepJson.MaxDepthAccepted });
            reader.Read();
            var value = Value(ref reader, new FieldStep(null, ""), []);
            reader.Read();
            return value;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new DocumentFormatException($"invalid JSON: {e.Message}");
        }
    }

    private static JsonObject Object(ref Utf8JsonReader reader, FieldPath? path, List<string> problems)
    {
        var result = new JsonObject();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            var member = new FieldStep(path, name);
            if (result.ContainsKey(name) && problems.Count < MaxProblems)
            {
                problems.Add($"duplicate field \"{member.ToPath()}\"");
            }
            reader.Read();
            result[name] = Value(ref reader, member, problems);
        }
        return result;
    }

    private static JsonArray Array(ref Utf8JsonReader reader, FieldPath path, List<string> problems)
    {
        var result = new JsonArray();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            result.Add(Value(ref reader, new FieldStep(path, result.Count), problems));
        }
        return result;
    }

    private static JsonNode? Value(ref Utf8JsonReader reader, FieldStep step, List<string> problems) =>
        reader.TokenType switch
        {
            JsonTokenType.StartObject => Object(ref reader, step.ToPath(), problems),
            JsonTokenType.StartArray => Array(ref reader, step.ToPath(), problems),
            JsonTokenType.String => JsonValue.Create(reader.GetString()),
            JsonTokenType.True => JsonValue.Create(true),
            JsonTokenType.False => JsonValue.Create(false),
            JsonTokenType.Null => null,
            _ => JsonValue.Create(JsonElement.ParseValue(ref reader)),
        };
}
