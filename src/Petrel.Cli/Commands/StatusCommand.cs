using System.CommandLine;
using System.Text.Json.Nodes;
using Petrel.Cli.Output;
using Petrel.Cli.Up;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Processes;
using Petrel.LocalCluster.Status;
using Petrel.LocalCluster.Supervision;
using Spectre.Console;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel status</c>: shows the state of the cluster.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var data = CommonOptions.Data();
        var format = CommonOptions.Output();
        var command = new Command("status", "Show the cluster's nodes, pods and latest events. The exit code is 1 when it is down.")
        {
            data,
            format,
        };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var cluster = TargetCluster.Find(result, data);
                var output = result.InvocationConfiguration.Output;
                var running = cluster.ServerPid is not null;
                if (!running && result.GetValue(format) is null)
                {
                    output.WriteLine(
                        new Supervisor(cluster.Directory, cluster.Settings, output.WriteLine).IsAnythingRunning
                            ? $"The server of the cluster in {cluster.Directory.Root} is down, and nodes still run. {NotSupervised}"
                            : $"The cluster in {cluster.Directory.Root} is down: start it with 'petrel up'."
                    );
                    return 1;
                }
                ClusterStatus? status = null;
                if (running)
                {
                    using var api = ClusterConnections.OpenAsAdmin(cluster.Directory, cluster.Settings);
                    status = await ClusterStatus.ReadAsync(api, cancellationToken);
                }
                if (result.GetValue(format) is { } structured)
                {
                    StructuredOutput.Write(output, structured, Document(cluster, status));
                }
                else
                {
                    Consoles.For(output).Write(StatusView.Render(status!));
                    if (!IsSupervised(cluster))
                    {
                        output.WriteLine($"Nothing supervises this cluster: what dies stays down. {NotSupervised}");
                    }
                }
                return running ? 0 : 1;
            }
        );
        return command;
    }

    private const string NotSupervised = "'petrel up' takes it over, 'petrel down' stops it.";

    private static bool IsSupervised(TargetCluster cluster) => ProcessRecord.Find(cluster.Directory.SupervisorPid) is not null;

    internal static JsonObject Document(TargetCluster cluster, ClusterStatus? status)
    {
        var document = new JsonObject
        {
            ["running"] = status is not null,
            ["supervised"] = IsSupervised(cluster),
            ["directory"] = cluster.Directory.Root,
            ["server"] = $"https://127.0.0.1:{cluster.Settings.Port}",
            ["runtime"] = cluster.Settings.Runtime,
            ["nodeCount"] = cluster.Settings.Nodes,
        };
        if (status is not null)
        {
            document["nodes"] = Rows(status.Nodes);
            document["pods"] = Rows(status.Pods);
            document["events"] = Rows(status.Events);
        }
        return document;
    }

    private static JsonArray Rows(ResourceTable table) =>
        [
            .. table.Rows.Select(row => new JsonObject(
                table.Columns.Select((column, index) => KeyValuePair.Create(Key(column), (JsonNode?)row[index]))
            )),
        ];

    // "Last Seen" -> lastSeen.
    private static string Key(string column)
    {
        var name = string.Concat(column.Split(' '));
        return char.ToLowerInvariant(name[0]) + name[1..];
    }
}
