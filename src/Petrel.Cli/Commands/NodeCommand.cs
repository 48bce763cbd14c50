using System.CommandLine;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Nodes;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel node kill</c> and <c>petrel node start</c>: stop and start single nodes.</summary>
internal static class NodeCommand
{
    public static Command Create() =>
        new("node", "Kill or start single nodes of the cluster.")
        {
            OneNode(
                "kill",
                "Cut a node's power: its agent and all its containers end at once, without a shutdown.",
                (nodes, name, cancellationToken) => nodes.KillAsync(name, cancellationToken),
                "has lost its power."
            ),
            OneNode(
                "start",
                "Start a node that is down.",
                (nodes, name, cancellationToken) => nodes.StartAsync(name, cancellationToken),
                "starts."
            ),
        };

    private static Command OneNode(
        string verb,
        string description,
        Func<NodeLauncher, string, CancellationToken, Task> action,
        string outcome
    )
    {
        var data = CommonOptions.Data();
        var name = new Argument<string>("name") { Description = "The node's name, for example node-1." };
        name.CompletionSources.Add(_ => ClusterSettings.Load(new ClusterDirectory(ClusterDirectory.Default))?.NodeNames ?? []);
        var command = new Command(verb, description) { name, data };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var (directory, settings) = TargetCluster.FindRunning(result, data);
                var node = result.GetValue(name)!;
                await action(new NodeLauncher(directory, settings), node, cancellationToken);
                result.InvocationConfiguration.Output.WriteLine($"{node} {outcome}");
                return 0;
            }
        );
        return command;
    }
}
