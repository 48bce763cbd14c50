using System.Diagnostics;
using System.Text;

namespace Petrel.Bench.Scale;

/// <summary>
/// A user's requests at a steady pace while the cluster works, each kind over a connection of its own: how long GET of a pod, LIST of 500
/// pods and PATCH of a ConfigMap take, and how long after a PATCH was sent a watch tells of it.
/// </summary>
internal sealed class Probes : IAsyncDisposable
{
    private const string Get = "GET pod";
    private const string List = "LIST 500 pods";
    private const string Patch = "PATCH";
    private const string Watch = "PATCH to watch event";
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<ScaleApi> _connections = [];
    private readonly List<Task> _loops = [];
    private readonly long[] _sent = new long[1 << 20];
    private volatile Latencies _latencies;
    private volatile string _pod = "";

    private Probes(Latencies latencies) => _latencies = latencies;

    public static IReadOnlyList<string> Kinds { get; } = [Get, List, Patch, Watch];

    public static async Task<Probes> StartAsync(ScaleCluster cluster, Latencies latencies)
    {
        var probes = new Probes(latencies);
        using (var api = cluster.Connect())
        {
            await api.SendAsync(
                "POST",
                "/api/v1/namespaces/default/configmaps",
                """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"probe"},"data":{"a":"b"}}"""
            );
        }
        probes.Loop(cluster, probes.GetAsync);
        probes.Loop(cluster, probes.ListAsync);
        probes.Loop(cluster, probes.PatchAsync);
        probes._loops.Add(probes.WatchAsync(probes.Connection(cluster)));
        return probes;
    }

    /// <summary>Where the latencies go from now on.</summary>
    public void RecordTo(Latencies latencies) => _latencies = latencies;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops).ContinueWith(static _ => { }, TaskScheduler.Default);
        _connections.ForEach(c => c.Dispose());
        _stop.Dispose();
    }

    private ScaleApi Connection(ScaleCluster cluster)
    {
        _connections.Add(cluster.Connect());
        return _connections[^1];
    }

    private void Loop(ScaleCluster cluster, Func<ScaleApi, int, Task> step)
    {
        var api = Connection(cluster);
        _loops.Add(RunAsync());

        async Task RunAsync()
        {
            using var timer = new PeriodicTimer(Pace);
            for (var i = 0; await timer.WaitForNextTickAsync(_stop.Token); i++)
            {
                await step(api, i);
            }
        }
    }

    private async Task GetAsync(ScaleApi api, int turn)
    {
        if (_pod.Length == 0)
        {
            return;
        }
        await TimeAsync(Get, () => api.SendAsync("GET", $"{ScaleApi.Pods}/{_pod}", "", cancellationToken: _stop.Token));
    }

    // Every second: there is hardly a client that lists more often.
    private async Task ListAsync(ScaleApi api, int turn)
    {
        if (turn % 10 != 0)
        {
            return;
        }
        await TimeAsync(List, async () =>
        {
            var response = await api.SendAsync("GET", ScaleApi.Pods, "", cancellationToken: _stop.Token, query: ("limit", "500"));
            if (_pod.Length == 0)
            {
                using var list = System.Text.Json.JsonDocument.Parse(response.Body);
                var items = list.RootElement.GetProperty("items");
                _pod = items.GetArrayLength() > 0 ? items[0].GetProperty("metadata").GetProperty("name").GetString()! : "";
            }
        });
    }

    private Task PatchAsync(ScaleApi api, int turn)
    {
        _sent[turn] = Stopwatch.GetTimestamp();
        return TimeAsync(Patch, () =>
            api.SendAsync(
                "PATCH",
                ScaleApi.Probe,
                $$$"""{"metadata":{"annotations":{"turn":"{{{turn}}}"} } }""",
                "application/merge-patch+json",
                _stop.Token
            )
        );
    }

    private async Task WatchAsync(ScaleApi api)
    {
        var response = await api.SendAsync(
            "GET",
            "/api/v1/namespaces/default/configmaps",
            "",
            cancellationToken: _stop.Token,
            query: [("watch", "true"), ("fieldSelector", "metadata.name=probe")]
        );
        var text = new StringBuilder();
        await foreach (var chunk in response.Stream!.WithCancellation(_stop.Token))
        {
            text.Append(Encoding.UTF8.GetString(chunk.Span));
            if (chunk.Span[^1] != (byte)'\n')
            {
                continue;
            }
            foreach (var line in text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                var at = line.IndexOf("\"turn\":\"", StringComparison.Ordinal) + 8;
                if (at >= 8)
                {
                    var turn = int.Parse(line[at..line.IndexOf('"', at)]);
                    _latencies.Add(Watch, Stopwatch.GetElapsedTime(_sent[turn]).TotalMilliseconds);
                }
            }
            text.Clear();
        }
    }

    private async Task TimeAsync(string kind, Func<Task> request)
    {
        var start = Stopwatch.GetTimestamp();
        await request();
        _latencies.Add(kind, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }
}
