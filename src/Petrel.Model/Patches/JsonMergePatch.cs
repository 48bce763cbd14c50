using System.Text.Json.Nodes;

namespace Petrel.Model.Patches;

/// <summary>JSON merge patch (RFC 7396): objects merge, null removes a member, and every other value replaces the original.</summary>
public static class JsonMergePatch
{
    /// <summary>Returns a patched copy. Neither argument is changed.</summary>
    public static JsonNode? Apply(JsonNode? original, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
        {
            return patch?.DeepClone();
        }
        var result = new JsonObject();
        if (original is JsonObject members)
        {
            foreach (var (name, value) in members)
            {
                if (!changes.TryGetPropertyValue(name, out var change))
                {
                    result[name] = value?.DeepClone();
                }
                else if (change is not null)
                {
                    result[name] = Apply(value, change);
                }
            }
        }
        foreach (var (name, change) in changes)
        {
            if (change is not null && !result.ContainsKey(name))
            {
                result[name] = Apply(null, change);
            }
        }
        return result;
    }
}
