using System.CommandLine;
using Petrel.Cli.Explain;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Processes;
using Petrel.Model;
using Spectre.Console;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel explain pod NAME</c>: why a pod is where it is, or nowhere.</summary>
internal static class ExplainCommand
{
    public static Command Create() => new("explain", "Tell why things are as they are.") { Pod() };

    private static Command Pod()
    {
        var data = CommonOptions.Data();
        var name = new Argument<string>("name") { Description = "The pod's name." };
        var ns = new Option<string>("--namespace", "-n") { Description = "Its namespace.", DefaultValueFactory = _ => "default" };
        var output = new Option<string>("--output", "-o")
        {
            Description = "'json' prints all that is recorded.",
            DefaultValueFactory = _ => "",
        };
        output.AcceptOnlyFromAmong("", "json");
        var command = new Command(
            "pod",
            "Tell, node by node and plugin by plugin, why the scheduler placed a pod where it did, or nowhere."
        )
        {
            name,
            ns,
            output,
            data,
        };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var directory = new ClusterDirectory(result.GetValue(data)!);
                var settings = ClusterSettings.Require(directory);
                if (ProcessRecord.Find(directory.ServerPid) is null)
                {
                    throw new UserErrorException($"The cluster in {directory.Root} is down: start it with 'petrel up'.");
                }
                using var api = ClusterConnections.OpenAsAdmin(directory, settings);
                var key = new ObjectKey(result.GetValue(ns)!, result.GetValue(name)!);
                return await PodExplainer.RunAsync(
                    api,
                    key,
                    result.GetValue(output) == "json",
                    AnsiConsole.Console,
                    TimeProvider.System,
                    cancellationToken
                );
            }
        );
        return command;
    }
}
