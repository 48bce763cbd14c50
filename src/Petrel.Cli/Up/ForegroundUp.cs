using System.Runtime.InteropServices;
using Petrel.Cli.Examples;
using Petrel.Cli.Output;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Forwarding;
using Petrel.LocalCluster.Processes;
using Petrel.LocalCluster.Supervision;
using Petrel.Model.Api;

namespace Petrel.Cli.Up;

/// <summary>Starts a prepared cluster, and supervises it until a signal stops it.</summary>
internal static class ForegroundUp
{
    /// <summary>The last line of the startup output. A detached <c>up</c> waits for it.</summary>
    public const string ReadyMark = "To use it:";

    /// <param name="directory">The cluster's data directory.</param>
    /// <param name="settings">The cluster's settings.</param>
    /// <param name="example">An example to run when the cluster is ready.</param>
    /// <param name="live">Whether to show a live view.</param>
    /// <param name="change">The lock of the command. It is released once this process supervises the cluster.</param>
    public static async Task<int> RunAsync(
        ClusterDirectory directory,
        ClusterSettings settings,
        ExampleRun? example,
        bool live,
        ClusterLock? change
    )
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        using var supervision = ClusterLock.TakeForSupervision(directory);
        ProcessRecord.Of(Environment.ProcessId).Save(directory.SupervisorPid);
        change?.Dispose();
        var supervisor = new Supervisor(directory, settings, Progress.Say);
        using var api = ClusterConnections.OpenAsAdmin(directory, settings);
        var (forwards, keep) = (Task.CompletedTask, Task.CompletedTask);
        try
        {
            await supervisor.StartAsync(api, stop.Token);
            Introduce(directory, settings);
            forwards = HostForwards.RunAsync(directory, api, TimeProvider.System, Progress.Say, stop.Token);
            keep = supervisor.KeepAsync(api, stop.Token);
            if (example is not null)
            {
                await RunExampleAsync(example, api, stop.Token);
            }
            if (live)
            {
                await LiveStatus.ShowAsync(api, stop.Token);
            }
            await keep;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Cancelled during startup.
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(forwards, keep);
            Progress.Say("stopping pods and nodes");
            await supervisor.StopAsync(CancellationToken.None);
            File.Delete(directory.SupervisorPid);
        }
        return 0;
    }

    // A failure of the example does not stop the cluster.
    private static async Task RunExampleAsync(ExampleRun example, IApiHandler api, CancellationToken cancellationToken)
    {
        try
        {
            await example.RunAsync(api, cancellationToken);
        }
        catch (UserErrorException e)
        {
            Progress.Say(e.Message);
        }
    }

    private static void Introduce(ClusterDirectory directory, ClusterSettings settings)
    {
        SafeOutput.Standard.WriteLine(
            $"The cluster is ready: https://127.0.0.1:{settings.Port}, {settings.Nodes} nodes, runtime {settings.Runtime}."
        );
        if (settings.Runtime == "process")
        {
            SafeOutput.Standard.WriteLine(
                "Containers are plain child processes of this user: no isolation, no network namespaces, no limits."
            );
        }
        SafeOutput.Standard.WriteLine($"Kubeconfig: {directory.Kubeconfig}");
        SafeOutput.Standard.WriteLine($"{ReadyMark}  export KUBECONFIG={directory.Kubeconfig}");
    }
}
