using System.Text.Json;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>The columns that every workload shows of its pod template and selector.</summary>
internal static class TemplateColumns
{
    /// <summary>The containers and their images.</summary>
    public static IReadOnlyList<PrinterColumn> Containers { get; } = ContainersAt("spec", "template", "spec");

    public static IReadOnlyList<PrinterColumn> All { get; } =
    [.. Containers, Wide("Selector", "Which pods belong to it.", static o => Selector(o.At("spec", "selector")))];

    /// <summary>The containers of a pod spec that is elsewhere.</summary>
    public static IReadOnlyList<PrinterColumn> ContainersAt(params string[] podSpec) =>
        [
            Wide("Containers", "The containers of each pod.", o => Each(o.At(podSpec), "name")),
            Wide("Images", "Their images.", o => Each(o.At(podSpec), "image")),
        ];

    private static string Each(JsonElement podSpec, string field) =>
        string.Join(',', podSpec.Items("containers").Select(c => c.Text(field)));

    /// <summary>A label selector as text.</summary>
    public static string Selector(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return None;
        }
        try
        {
            var selector = LabelSelector.FromDocument(value);
            return selector.IsEverything ? None : selector.ToString();
        }
        catch (FormatException)
        {
            return "<error>";
        }
    }
}
