using System.Collections.Frozen;
using System.Text.Json;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds;

/// <summary>Helpers for printer columns and selectable fields.</summary>
internal static class Columns
{
    public const string None = "<none>";

    public static PrinterColumn Name { get; } =
        new("Name", "string", "name", "The object's name, unique in its namespace.", 0, static (o, _) => o.Text("metadata", "name"));

    public static PrinterColumn Age { get; } =
        new("Age", "string", "", "How long ago the object was created.", 0, static (o, now) =>
            Since(o.Text("metadata", "creationTimestamp"), now)
        );

    /// <summary>A column that is always shown.</summary>
    public static PrinterColumn Shown(string name, string description, Func<JsonElement, object?> value, string type = "string") =>
        new(name, type, "", description, 0, (o, _) => value(o));

    /// <summary>A column that only <c>-o wide</c> shows.</summary>
    public static PrinterColumn Wide(string name, string description, Func<JsonElement, object?> value, string type = "string") =>
        new(name, type, "", description, 1, (o, _) => value(o));

    /// <summary>How long ago a time was, as kubectl writes it.</summary>
    public static string Since(string time, DateTimeOffset now) =>
        DateTimeOffset.TryParse(time, System.Globalization.CultureInfo.InvariantCulture, out var at)
            ? HumanDuration.Format(now - at)
            : "<unknown>";

    public static string OrNone(this string text) => text.Length == 0 ? None : text;

    /// <summary>A map as <c>key=value</c> pairs, in order of keys.</summary>
    public static string Pairs(JsonElement map) =>
        map.ValueKind == JsonValueKind.Object
            ? string.Join(
                ',',
                map.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => $"{m.Name}={m.Value.GetString()}")
            )
            : "";

    /// <summary>Selectable fields that are named like the path of the member that they show.</summary>
    public static FrozenDictionary<string, Func<JsonElement, string>> Selectable(params IEnumerable<string> paths) =>
        paths.ToFrozenDictionary(
            path => path,
            path =>
            {
                var steps = path.Split('.');
                return (Func<JsonElement, string>)(o => Scalar(o.At(steps)));
            }
        );

    /// <summary>The same fields and one more that needs a reading of its own.</summary>
    public static FrozenDictionary<string, Func<JsonElement, string>> With(
        this FrozenDictionary<string, Func<JsonElement, string>> fields,
        string name,
        Func<JsonElement, string> read
    ) => fields.Append(KeyValuePair.Create(name, read)).ToFrozenDictionary();

    /// <summary>A scalar as field selectors compare it; empty when absent.</summary>
    public static string Scalar(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => "",
        };
}
