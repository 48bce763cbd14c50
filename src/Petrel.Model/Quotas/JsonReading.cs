using System.Text.Json;
using System.Text.Json.Nodes;

namespace Petrel.Model.Quotas;

/// <summary>Reads members of documents without minding whether they are there.</summary>
internal static class JsonReading
{
    public static string Text(JsonNode? node) => node?.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : "";

    public static string Text(this JsonObject? parent, string name) => Text(parent?[name]);

    public static JsonObject? Child(this JsonObject? parent, string name) => parent?[name] as JsonObject;

    public static IEnumerable<JsonObject> Objects(this JsonObject? parent, string name) =>
        (parent?[name] as JsonArray)?.OfType<JsonObject>() ?? [];

    public static IEnumerable<string> Texts(this JsonObject? parent, string name) =>
        (parent?[name] as JsonArray)?.Select(Text).Where(t => t.Length > 0) ?? [];

    public static long? Number(this JsonObject? parent, string name) =>
        parent?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? value.TryGetValue<long>(out var wide)
                ? wide
                : value.TryGetValue<int>(out var narrow)
                    ? narrow
                    : null
            : null;
}
