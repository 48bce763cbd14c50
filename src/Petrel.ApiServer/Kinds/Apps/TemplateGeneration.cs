using System.Globalization;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Apps;

/// <summary>
/// The template generation of a DaemonSet, which upstream keeps in an annotation since the field was removed. The controller still
/// labels pods with it.
/// </summary>
internal static class TemplateGeneration
{
    private const string Annotation = "deprecated.daemonset.template.generation";

    /// <summary>Starts at one, or at the value that the client states.</summary>
    public static void Begin(JsonObject set) => Write(set, Math.Max(1, Read(set)));

    /// <summary>Counts a new template; clients can't change the number.</summary>
    public static void Count(JsonObject set, JsonObject old)
    {
        var type = DaemonSetKind.Definition.Schema.Field("spec")!.Type!.Field("template")!.Type!;
        var same = SemanticEquality.Equal(Template(set), Template(old), type);
        if (Read(old) + (same ? 0 : 1) is > 0 and var number)
        {
            Write(set, number);
        }
    }

    private static JsonObject Template(JsonObject set) => set.Child("spec").Child("template") ?? [];

    private static long Read(JsonObject set) =>
        long.TryParse(
            set.Child("metadata").Child("annotations").Text(Annotation),
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : 0;

    private static void Write(JsonObject set, long number) =>
        set.Ensure("metadata").Ensure("annotations")[Annotation] = number.ToString(CultureInfo.InvariantCulture);
}
