using System.CommandLine;
using Petrel.Cli.Explain;
using Petrel.LocalCluster.Connections;
using Petrel.Model;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel explain pod NAME</c>: explains why a pod is scheduled to its node, or is not scheduled.</summary>
internal static class ExplainCommand
{
    public static Command Create() => new("explain", "Explain decisions of the cluster.") { Pod() };

    private static Command Pod()
    {
        var data = CommonOptions.Data();
        var name = new Argument<string>("name") { Description = "The pod's name." };
        var ns = new Option<string>("--namespace", "-n") { Description = "The pod's namespace.", DefaultValueFactory = _ => "default" };
        var format = CommonOptions.Output();
        var command = new Command(
            "pod",
            "Explain, node by node and plugin by plugin, why the scheduler placed a pod where it did, or on no node."
        )
        {
            name,
            ns,
            format,
            data,
        };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var (directory, settings) = TargetCluster.FindRunning(result, data);
                using var api = ClusterConnections.OpenAsAdmin(directory, settings);
                var key = new ObjectKey(result.GetValue(ns)!, result.GetValue(name)!);
                return await PodExplainer.RunAsync(
                    api,
                    key,
                    result.GetValue(format),
                    Consoles.For(result.InvocationConfiguration.Output),
                    TimeProvider.System,
                    cancellationToken
                );
            }
        );
        return command;
    }
}
