using System.CommandLine;
using Petrel.Cli.Hosting;
using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel agent</c>: runs the agent of one node. <c>petrel up</c> starts it inside the node.</summary>
internal static class AgentCommand
{
    public static Command Create()
    {
        var data = CommonOptions.Data();
        var node = new Option<string>("--node")
        {
            Description = "The node's name.",
            HelpName = "name",
            Required = true,
        };
        var command = new Command("agent", "Run the agent of one node in the foreground. 'petrel up' starts one inside each node.")
        {
            data,
            node,
        };
        command.SetAction(
            (result, _) =>
            {
                var (directory, settings) = TargetCluster.Find(result, data);
                var name = result.GetValue(node)!;
                var index = settings.IndexOf(name)
                    ?? throw new UserErrorException($"There is no node '{name}': the nodes are {string.Join(", ", settings.NodeNames)}.");
                return AgentHost.RunAsync(directory, settings, name, index);
            }
        );
        return command;
    }
}
