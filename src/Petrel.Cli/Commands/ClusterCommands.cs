using System.CommandLine;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Nodes;
using Petrel.LocalCluster.Processes;
using Petrel.LocalCluster.Status;
using Petrel.LocalCluster.Supervision;
using Spectre.Console;

namespace Petrel.Cli.Commands;

/// <summary>The short commands about a cluster of this machine: <c>down</c>, <c>status</c>, <c>kubeconfig</c>, <c>node</c>.</summary>
internal static class ClusterCommands
{
    public static Command Down()
    {
        var data = CommonOptions.Data();
        var command = new Command("down", "Stop the cluster's pods, nodes and server; its objects stay for the next 'up'.") { data };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var directory = new ClusterDirectory(result.GetValue(data)!);
                var settings = ClusterSettings.Require(directory);
                if (ProcessRecord.Find(directory.SupervisorPid) is { } supervisor)
                {
                    supervisor.Signal(ProcessRecord.SigTerm);
                    if (await supervisor.WaitForEndAsync(TimeSpan.FromSeconds(90)))
                    {
                        Console.WriteLine("The cluster is down.");
                        return 0;
                    }
                    supervisor.Signal(ProcessRecord.SigKill);
                }
                await new Supervisor(directory, settings, Console.WriteLine).StopAsync(cancellationToken);
                File.Delete(directory.SupervisorPid);
                Console.WriteLine("The cluster is down.");
                return 0;
            }
        );
        return command;
    }

    public static Command Status()
    {
        var data = CommonOptions.Data();
        var command = new Command("status", "Show the cluster's nodes, pods and last events.") { data };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var directory = new ClusterDirectory(result.GetValue(data)!);
                var settings = ClusterSettings.Require(directory);
                if (ProcessRecord.Find(directory.ServerPid) is null)
                {
                    Console.WriteLine($"The cluster in {directory.Root} is down: start it with 'petrel up'.");
                    return 1;
                }
                using var api = ClusterConnections.OpenAsAdmin(directory, settings);
                AnsiConsole.Write(StatusView.Render(await ClusterStatus.ReadAsync(api, cancellationToken)));
                return 0;
            }
        );
        return command;
    }

    public static Command Kubeconfig()
    {
        var data = CommonOptions.Data();
        var command = new Command("kubeconfig", "Print the path of the cluster's admin kubeconfig.") { data };
        command.SetAction(result =>
        {
            var directory = new ClusterDirectory(result.GetValue(data)!);
            ClusterSettings.Require(directory);
            Console.WriteLine(directory.Kubeconfig);
            return 0;
        });
        return command;
    }

    public static Command Node()
    {
        var kill = OneNode(
            "kill",
            "Cut a node's power: its agent and every container end at once, without a goodbye.",
            async (nodes, name, cancellationToken) =>
            {
                await nodes.KillAsync(name, cancellationToken);
                Console.WriteLine($"{name} has lost its power.");
            }
        );
        var start = OneNode("start", "Start a node that is down.", async (nodes, name, cancellationToken) =>
        {
            await nodes.StartAsync(name, cancellationToken);
            Console.WriteLine($"{name} starts.");
        });
        return new Command("node", "Switch single nodes of the cluster off and on.") { kill, start };
    }

    private static Command OneNode(string verb, string description, Func<NodeLauncher, string, CancellationToken, Task> action)
    {
        var data = CommonOptions.Data();
        var name = new Argument<string>("name") { Description = "The node's name, for example node-1." };
        var command = new Command(verb, description) { name, data };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var directory = new ClusterDirectory(result.GetValue(data)!);
                var settings = ClusterSettings.Require(directory);
                if (ProcessRecord.Find(directory.ServerPid) is null)
                {
                    throw new UserErrorException($"The cluster in {directory.Root} is down: start it with 'petrel up'.");
                }
                await action(new NodeLauncher(directory, settings), result.GetValue(name)!, cancellationToken);
                return 0;
            }
        );
        return command;
    }
}
