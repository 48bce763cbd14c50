using System.CommandLine;
using Petrel.Cli.Examples;
using Petrel.Cli.Output;
using Petrel.Cli.Up;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Processes;
using Petrel.LocalCluster.Supervision;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel up</c>: starts a cluster on this machine, a new one or the existing one.</summary>
internal static class UpCommand
{
    private static bool IsTerminal => Spectre.Console.AnsiConsole.Profile.Capabilities.Interactive;

    public static Command Create()
    {
        var data = CommonOptions.Data();
        var nodes = new Option<int?>("--nodes")
        {
            Description =
                $"Number of nodes, 0 for a cluster of simulated nodes only. Default: as before, at first {UpRequest.DefaultNodes}.",
            HelpName = "count",
        };
        var port = new Option<int?>("--port")
        {
            Description = $"Port of the API server, 0 for any free one. Default: as before, at first {UpRequest.DefaultPort}.",
            HelpName = "port",
        };
        var grace = new Option<int?>("--node-grace")
        {
            Description =
                "Seconds without a sign of life after which a node counts as lost. Nodes renew their leases four times within it. "
                + "Default: as before, at first 40, as in Kubernetes.",
            HelpName = "seconds",
        };
        var fast = new Option<bool?>("--fast-failover")
        {
            Description =
                "For demonstrations: a silent node counts as lost after 8 seconds, and its pods are replaced 10 seconds later (Kubernetes: "
                + "40 and 300). A busy machine may raise false alarms. 'false' returns to 40 and 300. Default: as before, at first false.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var detach = new Option<bool>("--detach", "-d") { Description = "Return when the cluster is ready. It runs until 'petrel down'." };
        var fresh = new Option<bool>("--fresh") { Description = "Delete the objects of the cluster that was there, and make a new one." };
        var acceptLoss = new Option<bool>("--accept-data-loss")
        {
            Description = "Start although the store is damaged or lost, with what is left of it. The damaged files are kept.",
        };
        var runtime = new Option<string?>("--runtime")
        {
            Description =
                "How pods run: oci (containers; needs root) or process (plain processes, not isolated). Default: oci for root, "
                + "process for other users.",
        };
        runtime.AcceptOnlyFromAmong("oci", "process");
        var example = new Option<string?>("--example")
        {
            Description = "Also run an example application, and print the address of its page. Works on a running cluster too.",
        };
        example.AcceptOnlyFromAmong([.. Example.All.Select(e => e.Name)]);
        var supervise = new Option<bool>("--supervise") { Hidden = true };
        var command = new Command(
            "up",
            "Bring up a cluster on this machine. It has three nodes and keeps its objects until 'petrel delete'."
        )
        {
            data,
            nodes,
            port,
            grace,
            fast,
            detach,
            fresh,
            acceptLoss,
            runtime,
            example,
            supervise,
        };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                Progress.Begin();
                var directory = TargetCluster.DirectoryOf(result, data);
                if (result.GetValue(supervise))
                {
                    return await ForegroundUp.RunAsync(directory, ClusterSettings.Require(directory), null, live: false, change: null);
                }
                var chosen = Example.All.FirstOrDefault(e => e.Name == result.GetValue(example));
                if (ProcessRecord.Find(directory.SupervisorPid) is { } other)
                {
                    return chosen is not null
                        ? await ExampleRun.OnRunningClusterAsync(directory, chosen, cancellationToken)
                        : throw new UserErrorException(
                            $"The cluster in {directory.Root} is already up (process {other.Pid}): see 'petrel status', or stop it "
                                + $"with 'petrel down'."
                        );
                }
                var request = new UpRequest
                {
                    Nodes = result.GetValue(nodes),
                    Port = result.GetValue(port),
                    NodeGrace = result.GetValue(grace),
                    FastFailover = result.GetValue(fast) ?? (result.GetResult(fast) is { Implicit: false } ? true : null),
                    Runtime = result.GetValue(runtime),
                    Fresh = result.GetValue(fresh),
                    AcceptDataLoss = result.GetValue(acceptLoss),
                };
                using var change = ClusterLock.TakeForChange(directory);
                var settings = await ClusterPreparation.PrepareAsync(directory, request, cancellationToken);
                using var run = chosen is null ? null : ExampleRun.Prepare(directory, settings, chosen, cancellationToken);
                return result.GetValue(detach)
                    ? await DetachedUp.RunAsync(directory, run, change, cancellationToken)
                    : await ForegroundUp.RunAsync(directory, settings, run, live: IsTerminal, change);
            }
        );
        return command;
    }
}
