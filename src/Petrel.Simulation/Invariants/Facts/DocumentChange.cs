using System.Text.Json;

namespace Petrel.Simulation.Invariants.Facts;

/// <summary>One committed change of one object.</summary>
/// <param name="Key">The store's key.</param>
/// <param name="Revision">The commit's revision.</param>
/// <param name="Before">The object before, or null when it did not exist.</param>
/// <param name="After">The object after, or null when it was removed.</param>
public sealed record DocumentChange(string Key, long Revision, JsonElement? Before, JsonElement? After);

/// <summary>Reads the fields that invariants need.</summary>
internal static class DocumentFields
{
    public static string Uid(this JsonElement document) => document.Text("metadata", "uid");

    public static string Name(this JsonElement document) => document.Text("metadata", "name");

    public static bool IsTerminating(this JsonElement document) => document.At("metadata", "deletionTimestamp") is not null;

    /// <summary>The uid of the owner that is marked as controller, or empty.</summary>
    public static string ControllerUid(this JsonElement document) => document.Controller()?.Text("uid") ?? "";

    /// <summary>The reference to the owner that is marked as controller.</summary>
    public static JsonElement? Controller(this JsonElement document)
    {
        foreach (var owner in document.Items("metadata", "ownerReferences"))
        {
            if (owner.At("controller") is { ValueKind: JsonValueKind.True })
            {
                return owner;
            }
        }
        return null;
    }

    /// <summary>Whether a condition of this type is true.</summary>
    public static bool Is(this JsonElement document, string condition)
    {
        foreach (var one in document.Items("status", "conditions"))
        {
            if (one.Text("type") == condition)
            {
                return one.Text("status") == "True";
            }
        }
        return false;
    }

    /// <summary>The items of a list; none where there is no list.</summary>
    public static JsonElement.ArrayEnumerator Items(this JsonElement document, params ReadOnlySpan<string> path) =>
        document.At(path) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : default;

    /// <summary>Whether the controller has seen the newest spec.</summary>
    public static bool IsObserved(this JsonElement document) =>
        document.Number("status", "observedGeneration") == document.Number("metadata", "generation");

    public static int Status(this JsonElement document, string field) => document.Number("status", field) ?? 0;

    public static string Text(this JsonElement document, params ReadOnlySpan<string> path) =>
        document.At(path) is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";

    public static int? Number(this JsonElement document, params ReadOnlySpan<string> path) =>
        document.At(path) is { ValueKind: JsonValueKind.Number } number ? number.GetInt32() : null;

    public static JsonElement? At(this JsonElement document, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (document.ValueKind != JsonValueKind.Object || !document.TryGetProperty(name, out document))
            {
                return null;
            }
        }
        return document.ValueKind == JsonValueKind.Null ? null : document;
    }
}
