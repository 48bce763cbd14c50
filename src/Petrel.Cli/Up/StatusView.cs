using Petrel.LocalCluster.Status;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Petrel.Cli.Up;

/// <summary>Renders the output of <c>petrel status</c> and the live view of <c>petrel up</c>: nodes, pods and the last events.</summary>
internal static class StatusView
{
    private const int EventsShown = 8;
    private const int PodsShown = 40;

    /// <summary>Renders the tables one below the other.</summary>
    public static IRenderable Render(ClusterStatus status)
    {
        var (nodes, pods, events) = (status.Nodes, status.Pods, status.Events);
        return new Rows(
            Show("Nodes", nodes, nodes.Rows),
            Show("Pods", pods, pods.Rows.Take(PodsShown)),
            pods.Rows.Count > PodsShown ? new Text($"… and {pods.Rows.Count - PodsShown} more") : Text.Empty,
            Show("Last events", events, events.Rows.TakeLast(EventsShown))
        );
    }

    private static Table Show(string title, ResourceTable source, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table().Title(title).Border(TableBorder.None);
        foreach (var column in source.Columns)
        {
            table.AddColumn(new TableColumn(new Text(column.ToUpperInvariant(), new Style(decoration: Decoration.Bold))).NoWrap());
        }
        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }
        return table;
    }
}
