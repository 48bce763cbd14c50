using System.Text.Json;
using k8s;
using k8s.Models;

namespace Petrel.Workloads;

/// <summary>
/// Compares pod templates by their meaning (upstream: <c>EqualIgnoreHash</c>). Both templates have passed the API server's defaulting.
/// So it is enough to ignore the order of members, null values, and empty lists and maps.
/// </summary>
public static class PodTemplates
{
    /// <summary>The label that tells the pods of one ReplicaSet of a Deployment from those of its other ReplicaSets.</summary>
    public const string HashLabel = "pod-template-hash";

    // An empty map of these names means the same as none. Elsewhere an empty object has a meaning of its own (emptyDir, labelSelector).
    private static readonly string[] Maps =
    [
        "annotations",
        "labels",
        "limits",
        "matchLabels",
        "nodeSelector",
        "requests",
        "overhead",
        "metadata",
    ];

    /// <summary>Whether the templates mean the same, apart from the label <see cref="HashLabel"/>.</summary>
    public static bool AreEqual(V1PodTemplateSpec left, V1PodTemplateSpec right) =>
        Canonical(left).AsSpan().SequenceEqual(Canonical(right));

    /// <summary>The template as JSON. Templates with the same meaning have the same bytes.</summary>
    /// <param name="template">The template.</param>
    /// <param name="withHashLabel">Whether the label <see cref="HashLabel"/> is kept. Only Deployments leave it out.</param>
    public static byte[] Canonical(V1PodTemplateSpec template, bool withHashLabel = false)
    {
        using var document = JsonDocument.Parse(KubernetesJson.Serialize(template));
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, document.RootElement, withHashLabel ? "template" : "");
        }
        return buffer.ToArray();
    }

    private static void Write(Utf8JsonWriter writer, JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal))
                {
                    var memberPath = $"{path}/{member.Name}";
                    if (!IsEmpty(member, memberPath))
                    {
                        writer.WritePropertyName(member.Name);
                        Write(writer, member.Value, memberPath);
                    }
                }
                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(writer, item, path);
                }
                writer.WriteEndArray();
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }

    private static bool IsEmpty(JsonProperty member, string path) =>
        member.Value.ValueKind switch
        {
            JsonValueKind.Null => true,
            JsonValueKind.Array => member.Value.GetArrayLength() == 0,
            JsonValueKind.Object => Maps.Contains(member.Name) && member.Value.EnumerateObject().All(m => IsEmpty(m, $"{path}/{m.Name}")),
            _ => path == $"/metadata/labels/{HashLabel}",
        };
}
