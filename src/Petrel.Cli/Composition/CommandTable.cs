using System.CommandLine;
using System.CommandLine.Help;
using Petrel.Cli.Commands;
using Petrel.Cli.Commands.Simulation;

namespace Petrel.Cli.Composition;

/// <summary>All commands of <c>petrel</c>, one row each, in the order of the help text.</summary>
internal static class CommandTable
{
    private static readonly Func<Command>[] Rows =
    [
        UpCommand.Create,
        StatusCommand.Create,
        DownCommand.Create,
        DeleteCommand.Create,
        CheckCommand.Create,
        KubeconfigCommand.Create,
        NodeCommand.Create,
        ImageCommand.Create,
        ExplainCommand.Create,
        SimCommand.Create,
        SimNodesCommand.Create,
        ServerCommand.Create,
        AgentCommand.Create,
        VersionCommand.Create,
        CompletionCommand.Create,
    ];

    public static RootCommand CreateRoot()
    {
        var root = new RootCommand("Petrel runs a Kubernetes cluster on this machine, and rehearses failures in simulation.");
        // Remove the Windows forms of --help.
        var help = root.Options.OfType<HelpOption>().Single();
        help.Aliases.Remove("/?");
        help.Aliases.Remove("/h");
        foreach (var create in Rows)
        {
            root.Add(create());
        }
        return root;
    }
}
