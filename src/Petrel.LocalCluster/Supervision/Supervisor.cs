using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Nodes;
using Petrel.LocalCluster.Processes;
using Petrel.LocalCluster.Status;
using Petrel.Model.Api;

namespace Petrel.LocalCluster.Supervision;

/// <summary>
/// Brings a cluster up on this machine and keeps it up: starts the server and the nodes, starts the server again when it dies, and takes
/// everything down in order. Nodes that lose their power stay down until somebody starts them.
/// </summary>
public sealed class Supervisor(ClusterDirectory directory, ClusterSettings settings, Action<string> progress)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    /// <summary>How long a node may take to end its pods before its power is cut.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    private readonly NodeLauncher _nodes = new(directory, settings);

    /// <summary>Starts the server and all nodes, and returns when the API is ready and every node is Ready.</summary>
    /// <exception cref="UserErrorException">Something did not come up; the message says what and which log to read.</exception>
    public async Task StartAsync(IApiHandler api, CancellationToken cancellationToken)
    {
        if (settings.Range is { } number)
        {
            await new NodeNetwork(new ClusterRange(number)).CreateAsync(cancellationToken);
            progress("network made");
        }
        // The server first: on a small machine agents that start beside it would only slow it down, and find nobody to talk to.
        StartServer();
        await WaitAsync("The API server is not ready", directory.ServerLog, stop => IsReadyAsync(api, stop), StartLimit, cancellationToken);
        progress("API ready");
        await Task.WhenAll(settings.NodeNames.Select(node => _nodes.StartAsync(node, cancellationToken)));
        progress($"{settings.Nodes} {(settings.Nodes == 1 ? "node" : "nodes")} started");
        var ready = -1;
        await WaitAsync(
            "Some nodes are not Ready",
            directory.NodeLog("node-1"),
            async stop =>
            {
                var now = await ClusterStatus.CountReadyNodesAsync(api, stop);
                if (now != ready)
                {
                    ready = now;
                    progress($"{ready} of {settings.Nodes} nodes Ready");
                }
                return ready >= settings.Nodes;
            },
            StartLimit,
            cancellationToken
        );
    }

    /// <summary>Keeps the server running until cancelled.</summary>
    public async Task KeepAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            if (ProcessRecord.Find(directory.ServerPid) is null)
            {
                progress("the server ended; starting it again");
                StartServer();
            }
            await Task.Delay(Watch, CancellationToken.None);
        }
    }

    /// <summary>
    /// Ends pods, nodes and server, in this order, and gives the network back. Also cleans up after a supervisor that was killed.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(
            settings.NodeNames.Select(async node =>
            {
                var ran = _nodes.Find(node) is not null;
                await _nodes.StopAsync(node, StopLimit, cancellationToken);
                if (ran)
                {
                    progress($"{node} stopped");
                }
            })
        );
        if (ProcessRecord.Find(directory.ServerPid) is { } server)
        {
            server.Signal(ProcessRecord.SigTerm);
            if (!await server.WaitForEndAsync(TimeSpan.FromSeconds(10)))
            {
                server.Signal(ProcessRecord.SigKill);
            }
            progress("server stopped");
        }
        File.Delete(directory.ServerPid);
        if (settings.Range is { } number)
        {
            var range = new ClusterRange(number);
            await new NodeNetwork(range).DeleteAsync(cancellationToken);
            ClusterRangeClaims.Release(range);
        }
    }

    private void StartServer()
    {
        var pid = DetachedProcess.Start([Environment.ProcessPath!, "server", "--data", directory.Root], directory.ServerLog);
        ProcessRecord.Of(pid).Save(directory.ServerPid);
    }

    private static async Task<bool> IsReadyAsync(IApiHandler api, CancellationToken cancellationToken) =>
        (await api.HandleAsync(new ApiRequest { Method = "GET", Path = "/readyz" }, cancellationToken)).IsSuccess;

    /// <summary>Waits until a condition holds. A server that does not answer, or takes long to, is asked until the limit.</summary>
    /// <exception cref="UserErrorException">The condition does not hold within the limit.</exception>
    internal static async Task WaitAsync(
        string problem,
        string log,
        Func<CancellationToken, Task<bool>> condition,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(limit);
        var last = "";
        try
        {
            while (true)
            {
                try
                {
                    if (await condition(end.Token))
                    {
                        return;
                    }
                }
                catch (IOException e)
                {
                    last = $" ({e.Message})";
                }
                await Task.Delay(Poll, end.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UserErrorException($"{problem} after {limit.TotalSeconds:0} s{last}: see {log}.");
        }
    }
}
