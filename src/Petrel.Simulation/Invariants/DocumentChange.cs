using System.Text.Json;

namespace Petrel.Simulation.Invariants;

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
    public static string ControllerUid(this JsonElement document)
    {
        if (document.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array } owners)
        {
            foreach (var owner in owners.EnumerateArray())
            {
                if (owner.At("controller") is { ValueKind: JsonValueKind.True })
                {
                    return owner.Text("uid");
                }
            }
        }
        return "";
    }

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
