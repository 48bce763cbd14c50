using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Petrel.Controllers.Framework;

/// <summary>
/// Merge patches that apply only while an object is what the cache shows: its uid and resourceVersion are preconditions, and the API
/// answers with a conflict when either differs.
/// </summary>
internal static class ConditionalPatch
{
    /// <summary>A patch of the object's metadata; without <paramref name="metadata"/> only the preconditions, to be added to.</summary>
    public static JsonObject For(IKubernetesObject<V1ObjectMeta> value, JsonObject? metadata = null)
    {
        metadata ??= [];
        metadata["uid"] = value.Metadata.Uid;
        metadata["resourceVersion"] = value.Metadata.ResourceVersion;
        return new() { ["metadata"] = metadata };
    }

    /// <summary>The array; null, which removes the field, when it has no items.</summary>
    public static JsonArray? ArrayOrNull(IEnumerable<JsonNode?> items) => items.ToArray() is { Length: > 0 } some ? new(some) : null;

    /// <summary>A value of the API as JSON.</summary>
    public static JsonNode? Json<T>(T value) => JsonNode.Parse(KubernetesJson.Serialize(value));
}
