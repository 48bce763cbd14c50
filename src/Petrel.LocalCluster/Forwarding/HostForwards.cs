using Petrel.Model.Api;

namespace Petrel.LocalCluster.Forwarding;

/// <summary>
/// Runs the port forwards in the cluster's settings, including forwards that a later command adds while the cluster runs.
/// </summary>
public static class HostForwards
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(
        ClusterDirectory directory,
        IApiHandler api,
        TimeProvider time,
        Action<string> progress,
        CancellationToken cancellationToken
    )
    {
        var running = new Dictionary<ServiceForward, (CancellationTokenSource Stop, Task Task)>();
        var read = DateTime.MinValue;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var written = File.GetLastWriteTimeUtc(directory.Settings);
                if (written != read)
                {
                    read = written;
                    var desired = Read(directory, progress);
                    foreach (var forward in running.Keys.Except(desired).ToList())
                    {
                        await StopAsync(running[forward]);
                        running.Remove(forward);
                    }
                    foreach (var forward in desired.Except(running.Keys).ToList())
                    {
                        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                        running[forward] = (stop, new ServiceForwarder(api, forward, time, progress).RunAsync(stop.Token));
                    }
                }
                await Task.Delay(Poll, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Cancelled.
        }
        finally
        {
            foreach (var forward in running.Values)
            {
                await StopAsync(forward);
            }
        }
    }

    private static IReadOnlyList<ServiceForward> Read(ClusterDirectory directory, Action<string> progress)
    {
        try
        {
            return ClusterSettings.Load(directory)?.Forwards ?? [];
        }
        catch (UserErrorException e)
        {
            progress(e.Message);
            return [];
        }
    }

    private static async Task StopAsync((CancellationTokenSource Stop, Task Task) forward)
    {
        await forward.Stop.CancelAsync();
        await forward.Task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        forward.Stop.Dispose();
    }
}
