using System.Diagnostics;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Model.Api;
using Petrel.Scheduler;
using Petrel.Security;
using Petrel.Store.Memory;

namespace Petrel.Bench.Scheduler;

/// <summary>
/// Pods bound through the API: watches, bindings with all that the server does about them, and events. In one process, over a store in
/// memory, without sockets.
/// </summary>
internal static class ThroughApi
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task<Cost> RunAsync(int nodes, int pods)
    {
        await using var store = new MemoryStore();
        using var stopping = new CancellationTokenSource(Patience);
        var stop = stopping.Token;
        var server = new ApiServer.Composition.ApiServer(
            new ApiServerOptions(),
            store,
            BuiltInKinds.Registry,
            TimeProvider.System,
            new SystemEntropy(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        var serving = server.RunAsync(stop);
        await server.Ready.WaitAsync(stop);
        var user = new ApiClient(server, new UserInfo("admin", [UserInfo.MastersGroup]));
        for (var i = 0; i < nodes; i++)
        {
            await user.CreateAsync(Make.Node(i), stop);
        }
        for (var i = 0; i < pods; i++)
        {
            var pod = Make.Pod(i, owner: $"rs-{i / 500}");
            pod.Metadata.Uid = null;
            pod.Spec.Priority = null;
            await user.CreateAsync(pod, stop);
        }

        var (listed, revision) = await user.ListAsync<V1Pod>("", stop);
        var counting = CountAsync(user, revision, listed.Count, stop);
        GC.Collect();
        var (start, bytes) = (Stopwatch.GetTimestamp(), GC.GetTotalAllocatedBytes());
        var scheduler = new PodScheduler(
            new(server, UserInfo.ControlPlane("kube-scheduler")),
            TimeProvider.System,
            new SystemEntropy(),
            new(),
            NullLoggerFactory.Instance
        );
        var scheduling = scheduler.RunAsync(stop);
        await Task.WhenAny(counting, scheduling);
        var (seconds, allocated) = (Stopwatch.GetElapsedTime(start).TotalSeconds, GC.GetTotalAllocatedBytes() - bytes);
        var bound = (await user.ListAsync<V1Pod>("", stop)).Items.Count(p => !string.IsNullOrEmpty(p.Spec.NodeName));
        var cost = new Cost(seconds, allocated, pods, bound);
        stopping.Cancel();
        await scheduling;
        try
        {
            await serving;
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
        return cost;
    }

    // A watch whose lines are counted but not read: each binding is one.
    private static async Task CountAsync(ApiClient user, ulong afterRevision, int bindings, CancellationToken cancellationToken)
    {
        var response = await user.SendAsync(
            "GET",
            "/api/v1/pods",
            [new("watch", "true"), new("resourceVersion", $"{afterRevision}")],
            null,
            "",
            cancellationToken
        );
        await foreach (var chunk in response.Stream!.WithCancellation(cancellationToken))
        {
            bindings -= chunk.Span.Count((byte)'\n');
            if (bindings <= 0)
            {
                return;
            }
        }
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("no agents here");
    }
}
