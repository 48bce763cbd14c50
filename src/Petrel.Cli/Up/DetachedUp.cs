using Petrel.Cli.Examples;
using Petrel.Cli.Output;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Processes;
using Petrel.LocalCluster.Supervision;

namespace Petrel.Cli.Up;

/// <summary>Starts a prepared cluster under a supervisor in the background. Returns when the cluster is ready.</summary>
internal static class DetachedUp
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    /// <summary>The time without new output after which a line reports that the start is still in progress.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <param name="directory">The cluster's data directory.</param>
    /// <param name="example">An example to run when the cluster is ready.</param>
    /// <param name="change">The lock of the command. It is released once the supervisor has its own lock.</param>
    /// <param name="cancellationToken">Ends the wait. The supervisor keeps running.</param>
    public static async Task<int> RunAsync(
        ClusterDirectory directory,
        ExampleRun? example,
        ClusterLock change,
        CancellationToken cancellationToken
    )
    {
        File.Delete(directory.SupervisorLog);
        var pid = DetachedProcess.Start([Environment.ProcessPath!, "up", "--supervise", "--data", directory.Root], directory.SupervisorLog);
        await FollowAsync(directory, ProcessRecord.Of(pid), change, cancellationToken);
        if (example is not null)
        {
            using var api = ClusterConnections.OpenAsAdmin(directory, ClusterSettings.Require(directory));
            await example.RunAsync(api, cancellationToken);
        }
        return 0;
    }

    private static async Task FollowAsync(
        ClusterDirectory directory,
        ProcessRecord supervisor,
        ClusterLock change,
        CancellationToken cancellationToken
    )
    {
        var shown = 0;
        var last = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var alive = supervisor.IsAlive;
            if (ProcessRecord.Find(directory.SupervisorPid) is not null)
            {
                change.Dispose();
            }
            var lines = File.Exists(directory.SupervisorLog)
                ? await File.ReadAllLinesAsync(directory.SupervisorLog, cancellationToken)
                : [];
            foreach (var line in lines.Skip(shown))
            {
                Console.WriteLine(line);
                last = TimeProvider.System.GetTimestamp();
            }
            shown = lines.Length;
            if (lines.Any(line => line.StartsWith(ForegroundUp.ReadyMark, StringComparison.Ordinal)))
            {
                return;
            }
            if (!alive)
            {
                throw new UserErrorException($"The cluster did not come up; its log is {directory.SupervisorLog}.");
            }
            if (TimeProvider.System.GetElapsedTime(last) > Silence)
            {
                Progress.Say("still starting");
                last = TimeProvider.System.GetTimestamp();
            }
            await Task.Delay(Poll, cancellationToken);
        }
    }
}
