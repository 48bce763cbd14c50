using System.Text.Json;
using Petrel.Model.Selectors;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Apps;

/// <summary>The columns that every workload shows of its pod template and selector.</summary>
internal static class TemplateColumns
{
    public static IReadOnlyList<PrinterColumn> All { get; } =
    [
        Wide("Containers", "The containers of each pod.", static o => Containers(o, "name")),
        Wide("Images", "Their images.", static o => Containers(o, "image")),
        Wide("Selector", "Which pods belong to it.", Selector),
    ];

    private static string Containers(JsonElement value, string field) =>
        string.Join(',', value.Items("spec", "template", "spec", "containers").Select(c => c.Text(field)));

    private static string Selector(JsonElement value)
    {
        try
        {
            var selector = LabelSelector.FromDocument(value.At("spec", "selector"));
            return selector.IsEverything ? None : selector.ToString();
        }
        catch (FormatException)
        {
            return "<error>";
        }
    }
}
