using System.CommandLine;
using Petrel.Cli.Hosting;
using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary>The processes that <c>up</c> starts: the server, and an agent for each node.</summary>
internal static class HostCommands
{
    public static Command Server()
    {
        var data = CommonOptions.Data();
        var command = new Command(
            "server",
            "Run the cluster's server in the foreground: API, controllers, scheduler, store ('up' does it)."
        )
        {
            data,
        };
        command.SetAction(
            (result, _) =>
            {
                var directory = new ClusterDirectory(result.GetValue(data)!);
                return ServerHost.RunAsync(directory, ClusterSettings.Require(directory));
            }
        );
        return command;
    }

    public static Command Agent()
    {
        var data = CommonOptions.Data();
        var node = new Option<string>("--node") { Description = "The node's name.", Required = true };
        var command = new Command("agent", "Run a node's agent in the foreground ('up' does it, inside the node).") { data, node };
        command.SetAction(
            (result, _) =>
            {
                var directory = new ClusterDirectory(result.GetValue(data)!);
                var settings = ClusterSettings.Require(directory);
                var name = result.GetValue(node)!;
                var index = settings.IndexOf(name)
                    ?? throw new UserErrorException($"There is no node '{name}': the nodes are {string.Join(", ", settings.NodeNames)}.");
                return AgentHost.RunAsync(directory, settings, name, index);
            }
        );
        return command;
    }
}
