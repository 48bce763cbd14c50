using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Apply;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Apply;

/// <summary>
/// Connects kubectl's two ways of applying: server-side apply may take over what client-side apply last set, and client-side apply
/// finds the last configuration in the annotation.
/// </summary>
internal static class LastApplied
{
    public const string Manager = "kubectl";

    private const string Annotation = "kubectl.kubernetes.io/last-applied-configuration";
    private const int MaxAnnotations = 256 * 1024;

    private static readonly JsonSerializerOptions Relaxed = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver(),
    };

    /// <summary>The fields that client-side apply set and that still have the same values; null when that is unknown.</summary>
    public static FieldSet? Owned(JsonObject live, KindDefinition kind)
    {
        if (live.Metadata().Child("annotations").Text(Annotation) is not { Length: > 0 } text)
        {
            return null;
        }
        try
        {
            if (
                DocumentParser.ParseValue(Encoding.UTF8.GetBytes(text)) is not JsonObject applied
                || applied.Text("apiVersion") != kind.Gvk.ApiVersion
            )
            {
                return null;
            }
            var comparison = TypedComparison.Compare(applied, live, kind.Schema);
            return TypedFields.SetOf(applied, kind.Schema).Difference(comparison.Changed).Difference(comparison.Removed);
        }
        catch (Exception e) when (e is FormatException or ApplyException or ArgumentException)
        {
            // The annotation was edited by hand: it grants nothing.
            return null;
        }
    }

    /// <summary>Updates the annotation with a configuration, if the object has one.</summary>
    public static void Update(JsonObject document, JsonObject configuration)
    {
        if (document.Metadata().Child("annotations") is not { } annotations || annotations.Text(Annotation).Length == 0)
        {
            return;
        }
        var noted = (JsonObject)Sorted(configuration)!;
        noted.Child("metadata").Child("annotations")?.Remove(Annotation);
        annotations[Annotation] = noted.ToJsonString(Relaxed) + "\n";
        if (annotations.Sum(a => Encoding.UTF8.GetByteCount(a.Key) + Encoding.UTF8.GetByteCount(annotations.Text(a.Key))) > MaxAnnotations)
        {
            annotations.Remove(Annotation);
        }
    }

    private static JsonNode? Sorted(JsonNode? value) =>
        value switch
        {
            JsonObject map => new JsonObject(
                map.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Key, Sorted(m.Value)))
            ),
            JsonArray list => new JsonArray([.. list.Select(Sorted)]),
            _ => value?.DeepClone(),
        };
}
