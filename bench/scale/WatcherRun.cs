using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Store.Memory;

namespace Petrel.Bench.Scale;

/// <summary>
/// What a pod's change costs the server when every node watches its own pods, as agents do: the API server alone, in this process, over the
/// store in memory. The cost must not grow with the watchers, of whom each change concerns one.
/// </summary>
internal static class WatcherRun
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const int Writes = 2000;
    private static readonly UserInfo Admin = new("admin", [UserInfo.MastersGroup]);

    /// <summary>Prints microseconds and bytes for each change, and the memory for each watcher.</summary>
    public static async Task MeasureAsync(int watchers)
    {
        await using var store = new MemoryStore();
        var server = new ApiServer.Composition.ApiServer(
            new ApiServerOptions(),
            store,
            BuiltInKinds.Registry,
            TimeProvider.System,
            new SeededEntropy(1),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        using var stop = new CancellationTokenSource();
        var run = server.RunAsync(stop.Token);
        await server.Ready;
        for (var i = 0; i < 50; i++)
        {
            await SendAsync(server, "POST", Pods, Pod(i, watchers));
        }
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var seen = 0;
        var loops = Enumerable
            .Range(0, watchers)
            .Select(node => WatchAsync(server, node, events => Interlocked.Add(ref seen, events), stop.Token))
            .ToList();
        await Task.Delay(500);
        var perWatcher = (GC.GetTotalMemory(forceFullCollection: true) - before) / watchers;

        await PatchAsync(server, 200);
        var (allocated, start, first) = (GC.GetTotalAllocatedBytes(), Stopwatch.GetTimestamp(), Volatile.Read(ref seen));
        await PatchAsync(server, Writes);
        var micros = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Writes;
        allocated = (GC.GetTotalAllocatedBytes() - allocated) / Writes;
        await Task.Delay(200);
        Console.WriteLine(
            $"{watchers, 6} watchers: {micros, 8:0} us and {allocated, 8} bytes per change, {perWatcher, 6} bytes per watcher; "
                + $"{Volatile.Read(ref seen) - first} of {Writes} changes seen"
        );
        await stop.CancelAsync();
        await Task.WhenAll([.. loops, run]).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    private static async Task PatchAsync(IApiHandler server, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await SendAsync(
                server,
                "PATCH",
                $"{Pods}/p{i % 50}",
                $$$"""{"metadata":{"annotations":{"turn":"{{{i}}}"} } }""",
                "application/merge-patch+json"
            );
        }
    }

    private static async Task WatchAsync(IApiHandler server, int node, Action<int> seen, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var response = await server.HandleAsync(
            new ApiRequest
            {
                Method = "GET",
                Path = "/api/v1/pods",
                Query =
                [
                    new("watch", "true"),
                    new("allowWatchBookmarks", "true"),
                    new("sendInitialEvents", "false"),
                    new("resourceVersionMatch", "NotOlderThan"),
                    new("fieldSelector", $"spec.nodeName=n{node}"),
                ],
                User = Admin,
            },
            cancellationToken
        );
        await foreach (var chunk in response.Stream!.WithCancellation(cancellationToken))
        {
            seen(chunk.Span.Count((byte)'\n'));
        }
    }

    private static async Task SendAsync(
        IApiHandler server,
        string method,
        string path,
        string body,
        string contentType = "application/json"
    )
    {
        var response = await server.HandleAsync(
            new ApiRequest
            {
                Method = method,
                Path = path,
                ContentType = contentType,
                Body = Encoding.UTF8.GetBytes(body),
                User = Admin,
            },
            CancellationToken.None
        );
        if (!response.IsSuccess)
        {
            throw new InvalidOperationException(response.BodyText);
        }
    }

    private static string Pod(int index, int nodes) =>
        $$$"""{"metadata":{"name":"p{{{index}}}"},"spec":{"nodeName":"n{{{index % nodes}}}","containers":"""
        + $$$"""[{"name":"main","image":"i"}]} }""";

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
