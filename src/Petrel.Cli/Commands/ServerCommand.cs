using System.CommandLine;
using Petrel.Cli.Hosting;
using Petrel.Cli.Preflight;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Processes;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel server</c>: runs the server process. <c>petrel up</c> starts it.</summary>
internal static class ServerCommand
{
    public static Command Create()
    {
        var data = CommonOptions.Data();
        var command = new Command(
            "server",
            "Run the cluster's server (API, controllers, scheduler, store) in the foreground. 'petrel up' starts it for you."
        )
        {
            data,
        };
        command.SetAction(
            (result, _) =>
            {
                var (directory, settings) = TargetCluster.Find(result, data);
                Check(directory, settings);
                return ServerHost.RunAsync(directory, settings);
            }
        );
        return command;
    }

    private static void Check(ClusterDirectory directory, ClusterSettings settings)
    {
        if (ProcessRecord.Find(directory.ServerPid) is { } running && running.Pid != Environment.ProcessId)
        {
            throw new UserErrorException(
                $"The cluster's server is already running (process {running.Pid}): see 'petrel status', or stop it with 'petrel down'."
            );
        }
        if (settings.Range is { } number && !Directory.Exists($"/sys/class/net/{new ClusterRange(number).Bridge}"))
        {
            throw new UserErrorException(
                "The network that this cluster's server listens on is not there: 'petrel up' makes it and starts the server."
            );
        }
        foreach (var address in ClusterAddresses.Server(settings))
        {
            if (!HostPorts.IsFree(address, settings.Port))
            {
                throw new UserErrorException(
                    $"Port {settings.Port} on {address} is in use: stop the program that has it, or choose another with 'petrel up --port'."
                );
            }
        }
    }
}
