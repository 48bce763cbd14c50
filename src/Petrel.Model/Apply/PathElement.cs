using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>The steps of a field path in their written form.</summary>
public static class PathElement
{
    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver(),
    };

    /// <summary>A member of an object or map.</summary>
    public static string Field(string name) => "f:" + name;

    /// <summary>An item of a set.</summary>
    public static string Value(JsonNode? value) => "v:" + (value?.ToJsonString(Relaxed) ?? "null");

    /// <summary>An item of a list map: the values of its keys, in the order of their names. Keys that are absent have their default.</summary>
    /// <exception cref="ApplyException">A key is absent and has no default.</exception>
    public static string Key(JsonObject item, SchemaField list)
    {
        var keys = new JsonObject();
        foreach (var name in list.ListMapKeys.Order(StringComparer.Ordinal))
        {
            keys[name] = item[name]?.DeepClone() ?? Default(name)
                ?? throw new ApplyException($"associative list with keys has an element that omits key field \"{name}\" (and doesn't have default value)");
        }
        return "k:" + keys.ToJsonString(Relaxed);
    }

    /// <summary>A step as conflicts show it: <c>.name</c>, <c>[name="web"]</c>, <c>["value"]</c>, <c>[0]</c>.</summary>
    public static string Show(string element)
    {
        var rest = element[2..];
        switch (element[0])
        {
            case 'f':
                return "." + rest;
            case 'k' when JsonNode.Parse(rest) is JsonObject keys:
                return $"[{string.Join(',', keys.Select(k => $"{k.Key}={k.Value?.ToJsonString(Relaxed) ?? "null"}"))}]";
            case 'v':
                return $"[={rest}]";
            default:
                return $"[{rest}]";
        }
    }

    // The one default of a list key in upstream's schemas: the protocol of ports.
    private static JsonNode? Default(string key) => key == "protocol" ? JsonValue.Create("TCP") : null;
}

/// <summary>A configuration that cannot be applied: it is not in the form that its schema has.</summary>
public sealed class ApplyException(string message) : FormatException(message);
