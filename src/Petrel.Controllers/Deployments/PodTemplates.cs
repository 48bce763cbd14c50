using System.Text.Json;
using k8s;
using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// Compares pod templates by what they mean. Both sides have been through the API server's defaulting, so it is enough to ignore the
/// order of members and the ways to say nothing.
/// </summary>
internal static class PodTemplates
{
    // Where an empty map means the same as none. Elsewhere an empty object can be a statement (emptyDir, labelSelector).
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

    /// <summary>Whether the templates differ in nothing but the hash label.</summary>
    public static bool AreEqual(V1PodTemplateSpec left, V1PodTemplateSpec right) =>
        Canonical(left).AsSpan().SequenceEqual(Canonical(right));

    /// <summary>
    /// The template as JSON, the same for templates that mean the same; without its hash label, unless that is a label like any other.
    /// </summary>
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
            _ => path == $"/metadata/labels/{DeploymentNames.HashLabel}",
        };
}
