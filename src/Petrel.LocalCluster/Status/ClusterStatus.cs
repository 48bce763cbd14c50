using Petrel.Model.Api;

namespace Petrel.LocalCluster.Status;

/// <summary>The nodes, pods and events of a cluster, as the tables that the API server prints.</summary>
public sealed record ClusterStatus(ResourceTable Nodes, ResourceTable Pods, ResourceTable Events)
{
    /// <summary>Reads the three tables from the server.</summary>
    /// <exception cref="IOException">The server can't be reached, or rejected the request.</exception>
    public static async Task<ClusterStatus> ReadAsync(IApiHandler api, CancellationToken cancellationToken)
    {
        var nodes = ReadNodesAsync(api, cancellationToken);
        var pods = ResourceTable.ReadAsync(api, "/api/v1/pods", allNamespaces: true, cancellationToken);
        var events = ResourceTable.ReadAsync(api, "/api/v1/events", allNamespaces: true, cancellationToken);
        return new(await nodes, await pods, await events);
    }

    /// <summary>Counts the nodes that are Ready.</summary>
    /// <exception cref="IOException">The server can't be reached, or rejected the request.</exception>
    public static async Task<int> CountReadyNodesAsync(IApiHandler api, CancellationToken cancellationToken)
    {
        var nodes = await ReadNodesAsync(api, cancellationToken);
        var status = nodes.Columns.ToList().IndexOf("Status");
        return nodes.Rows.Count(row => row[status].Split(',')[0] == "Ready");
    }

    private static Task<ResourceTable> ReadNodesAsync(IApiHandler api, CancellationToken cancellationToken) =>
        ResourceTable.ReadAsync(api, "/api/v1/nodes", allNamespaces: false, cancellationToken);
}
