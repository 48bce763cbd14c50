using Petrel.Model.Api;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Petrel.Cli.Cluster;

/// <summary>What <c>petrel status</c> and the live view of <c>petrel up</c> show: nodes, pods and the last events.</summary>
public sealed record ClusterStatus(ServerTable Nodes, ServerTable Pods, ServerTable Events)
{
    private const int EventsShown = 8;
    private const int PodsShown = 40;

    /// <summary>Reads the three tables from the server.</summary>
    public static async Task<ClusterStatus> ReadAsync(IApiHandler api, CancellationToken cancellationToken)
    {
        var nodes = ServerTable.ReadAsync(api, "/api/v1/nodes", allNamespaces: false, cancellationToken);
        var pods = ServerTable.ReadAsync(api, "/api/v1/pods", allNamespaces: true, cancellationToken);
        var events = ServerTable.ReadAsync(api, "/api/v1/events", allNamespaces: true, cancellationToken);
        return new(await nodes, await pods, await events);
    }

    public int ReadyNodes => Nodes.Rows.Count(row => row[Nodes.Columns.ToList().IndexOf("Status")].Split(',')[0] == "Ready");

    /// <summary>The tables one below the other.</summary>
    public IRenderable Render() =>
        new Rows(
            Show("Nodes", Nodes, Nodes.Rows),
            Show("Pods", Pods, Pods.Rows.Take(PodsShown)),
            Pods.Rows.Count > PodsShown ? new Text($"… and {Pods.Rows.Count - PodsShown} more") : Text.Empty,
            Show("Last events", Events, Events.Rows.TakeLast(EventsShown))
        );

    private static Table Show(string title, ServerTable source, IEnumerable<IReadOnlyList<string>> rows)
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
