using System.CommandLine;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Processes;
using Petrel.LocalCluster.Supervision;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel down</c>: stops the cluster.</summary>
internal static class DownCommand
{
    // Wait for a concurrent 'up' to finish its preparation and start its supervisor.
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var data = CommonOptions.Data();
        var command = new Command("down", "Stop the cluster: pods, nodes and server. Its objects and images stay for the next 'petrel up'.")
        {
            data,
        };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var (directory, settings) = TargetCluster.Find(result, data);
                var output = result.InvocationConfiguration.Output;
                await StopAsync(directory, settings, output.WriteLine, cancellationToken);
                output.WriteLine("The cluster is down.");
                return 0;
            }
        );
        return command;
    }

    /// <summary>Stops all running processes of a cluster, through its supervisor if that runs.</summary>
    public static async Task StopAsync(
        ClusterDirectory directory,
        ClusterSettings settings,
        Action<string> progress,
        CancellationToken cancellationToken
    )
    {
        using var change = await ClusterLock.TakeForChangeAsync(directory, ChangeLimit, cancellationToken);
        if (ProcessRecord.Find(directory.SupervisorPid) is { } supervisor)
        {
            supervisor.Signal(ProcessRecord.SigTerm);
            if (await supervisor.WaitForEndAsync(TimeSpan.FromSeconds(90)))
            {
                return;
            }
            supervisor.Signal(ProcessRecord.SigKill);
        }
        await new Supervisor(directory, settings, progress).StopAsync(cancellationToken);
        File.Delete(directory.SupervisorPid);
    }
}
