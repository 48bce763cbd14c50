using System.Text.Json.Nodes;

namespace Petrel.Model.Patches;

/// <summary>JSON merge patch (RFC 7396): objects merge, null removes a member, and every other value replaces the original.</summary>
public static class JsonMergePatch
{
    /// <summary>Returns a patched copy. Neither argument is changed.</summary>
    public static JsonNode? Apply(JsonNode? original, JsonNode? patch) => Merge(original?.DeepClone(), patch);

    /// <summary>As <see cref="Apply"/>, but an original object becomes the result. The patch is not changed.</summary>
    public static JsonNode? Merge(JsonNode? original, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }
        var result = original as JsonObject ?? [];
        foreach (var (name, change) in changes)
        {
            if (change is null)
            {
                result.Remove(name);
                continue;
            }
            var old = result[name];
            var merged = Merge(old, change);
            if (old is null || !ReferenceEquals(merged, old))
            {
                result[name] = merged;
            }
        }
        return result;
    }
}
