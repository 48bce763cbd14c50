using Petrel.LocalCluster.Processes;

namespace Petrel.LocalCluster.Supervision;

/// <summary>Starts and stops the server process of a cluster.</summary>
internal sealed class ServerLauncher(ClusterDirectory directory)
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);

    private readonly PidFile _pid = new(directory.ServerPid);

    public ProcessRecord? Find() => _pid.Find();

    /// <exception cref="IOException">Its log can't be made.</exception>
    public void Start()
    {
        var pid = DetachedProcess.Start([Environment.ProcessPath!, "server", "--data", directory.Root], directory.ServerLog);
        _pid.Set(ProcessRecord.Of(pid));
    }

    /// <summary>Stops the server if it runs: asks it to exit, and kills it on a timeout. Returns whether it ran.</summary>
    public async Task<bool> StopAsync()
    {
        var server = Find();
        if (server is not null)
        {
            server.Signal(ProcessRecord.SigTerm);
            if (!await server.WaitForEndAsync(StopLimit))
            {
                server.Signal(ProcessRecord.SigKill);
                await server.WaitForEndAsync(StopLimit);
            }
        }
        _pid.Delete();
        return server is not null;
    }
}
