using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Nodes;
using Petrel.LocalCluster.Status;
using Petrel.Model.Api;

namespace Petrel.LocalCluster.Supervision;

/// <summary>
/// Starts a cluster on this machine and keeps it running. The supervisor starts the server and the nodes, restarts those that end, and
/// stops everything in order. Server and nodes outlive the supervisor; the next supervisor adopts those that still run.
/// A node that <c>petrel node kill</c> has switched off stays off until <c>petrel node start</c>.
/// </summary>
public sealed class Supervisor(ClusterDirectory directory, ClusterSettings settings, Action<string> progress)
{
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    /// <summary>How long a node may take to terminate its pods before its power is cut.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    private readonly NodeLauncher _nodes = new(directory, settings);
    private readonly ServerLauncher _server = new(directory);
    private readonly Action<string> _progress = SafeProgress.Wrap(progress);

    /// <summary>Whether the server or a node of the cluster still runs, started by an earlier supervisor.</summary>
    public bool IsAnythingRunning => _server.Find() is not null || settings.NodeNames.Any(node => _nodes.Find(node) is not null);

    /// <summary>
    /// Starts the server and all nodes that do not run yet. Returns when the API is ready and every node is Ready.
    /// </summary>
    /// <exception cref="UserErrorException">A component did not start. The message names it and the log to read.</exception>
    public async Task StartAsync(IApiHandler api, CancellationToken cancellationToken)
    {
        if (settings.Range is { } number)
        {
            await new NodeNetwork(new ClusterRange(number)).CreateAsync(cancellationToken);
            _progress("network made");
        }
        // Start the server first. On a small machine, agents that start concurrently would slow it down while they have no API to call.
        if (_server.Find() is { } running)
        {
            _progress($"adopted the running server (process {running.Pid})");
        }
        else
        {
            _server.Start();
        }
        var wait = new StartupWait(StartLimit, _progress, TimeProvider.System);
        await wait.ForAsync(
            "the API server",
            directory.ServerLog,
            token => IsReadyAsync(api, token),
            () => _server.Find() is not null,
            cancellationToken
        );
        _progress("API ready");
        await StartNodesAsync(api, wait, cancellationToken);
    }

    /// <summary>Keeps the server and the nodes running until cancelled.</summary>
    public async Task KeepAsync(IApiHandler api, CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        List<KeptProcess> kept =
        [
            new(
                "the server",
                () => true,
                () => _server.Find() is not null,
                _ =>
                {
                    _server.Start();
                    return Task.CompletedTask;
                },
                () => LogFile.LastLine(directory.ServerLog),
                _progress,
                time,
                token => IsReadyAsync(api, token)
            ),
            .. settings.NodeNames.Select(node => new KeptProcess(
                node,
                () => !_nodes.IsSwitchedOff(node),
                () => _nodes.Find(node) is not null,
                token => _nodes.StartAsync(node, token),
                () => LogFile.LastLine(directory.NodeLog(node)),
                _progress,
                time
            )),
        ];
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                foreach (var process in kept)
                {
                    await process.CheckAsync(cancellationToken);
                }
                await Task.Delay(Watch, time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Cancelled.
        }
    }

    /// <summary>
    /// Stops pods, nodes and server, in this order, and removes the network. It works without a supervisor, from the state on disk.
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
                    _progress($"{node} stopped");
                }
            })
        );
        if (await _server.StopAsync())
        {
            _progress("server stopped");
        }
        if (settings.Range is { } number)
        {
            var range = new ClusterRange(number);
            await new NodeNetwork(range).DeleteAsync(cancellationToken);
            await NodeCgroups.RemoveAsync(range, cancellationToken);
            ClusterRangeClaims.Release(range);
        }
    }

    private async Task StartNodesAsync(IApiHandler api, StartupWait wait, CancellationToken cancellationToken)
    {
        var wanted = settings.NodeNames.Where(node => !_nodes.IsSwitchedOff(node)).ToList();
        var missing = wanted.Where(node => _nodes.Find(node) is null).ToList();
        await Task.WhenAll(missing.Select(node => _nodes.StartAsync(node, cancellationToken)));
        if (missing.Count < wanted.Count)
        {
            _progress($"adopted {wanted.Count - missing.Count} running nodes");
        }
        if (wanted.Count < settings.Nodes)
        {
            _progress($"{settings.Nodes - wanted.Count} nodes are switched off: 'petrel node start' starts them");
        }
        _progress($"{missing.Count} nodes started");
        var ready = -1;
        await wait.ForAsync(
            "every node",
            directory.NodeLog(missing.FirstOrDefault() ?? ClusterSettings.NodeName(0)),
            async token =>
            {
                var now = await ClusterStatus.CountReadyNodesAsync(api, token);
                if (now != ready)
                {
                    ready = now;
                    _progress($"{ready} of {wanted.Count} nodes Ready");
                }
                return ready >= wanted.Count;
            },
            () => true,
            cancellationToken
        );
    }

    private static async Task<bool> IsReadyAsync(IApiHandler api, CancellationToken cancellationToken) =>
        (await api.HandleAsync(new ApiRequest { Method = "GET", Path = "/readyz" }, cancellationToken)).IsSuccess;
}
