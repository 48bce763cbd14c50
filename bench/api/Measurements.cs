using System.Diagnostics;
using System.Text;

namespace Petrel.Bench.Api;

/// <summary>What is measured, the same for each peer.</summary>
internal sealed class Measurements(IPeer peer)
{
    private static readonly string Filling = new('x', 900);

    private int _created;

    /// <summary>Durable creates of objects of 1 KiB per second, by so many clients at once, and their latencies in milliseconds.</summary>
    public Task<Rate> CreatesAsync(int clients, TimeSpan duration) => LoadAsync(clients, duration, client =>
        {
            var name = $"c{Interlocked.Increment(ref _created)}";
            return client.CreateAsync("configmaps", name, ConfigMap(name));
        });

    /// <summary>Changes of an annotation of pods per second, each client at pods of its own.</summary>
    public async Task<Rate> PatchesAsync(int clients, TimeSpan duration)
    {
        var next = 0;
        using (var client = await peer.ConnectAsync())
        {
            for (var i = 0; i < clients; i++)
            {
                await client.CreateAsync("pods", $"patched-{i}", Pod($"patched-{i}"));
            }
        }
        return await LoadAsync(clients, duration, client =>
        {
            var turn = Interlocked.Increment(ref next);
            return client.MarkAsync("pods", $"patched-{turn % clients}", $"{turn}");
        });
    }

    public async Task<Rate> GetsAsync(int clients, TimeSpan duration)
    {
        var name = $"c{Interlocked.Increment(ref _created)}";
        using (var client = await peer.ConnectAsync())
        {
            await client.CreateAsync("configmaps", name, ConfigMap(name));
        }
        return await LoadAsync(clients, duration, client => client.GetAsync("configmaps", name));
    }

    /// <summary>Creates pods; what the server's resident memory grew by, in MiB.</summary>
    public async Task<double> PodsAsync(int count)
    {
        var before = ResidentMiB();
        var next = 0;
        await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(async _ =>
                {
                    using var client = await peer.ConnectAsync();
                    for (int i; (i = Interlocked.Increment(ref next)) <= count; )
                    {
                        await client.CreateAsync("pods", $"pod-{i:00000}", Pod($"pod-{i:00000}"));
                    }
                })
        );
        return ResidentMiB() - before;
    }

    /// <summary>Lists all pods, again and again: mebibytes per second, and seconds of the median list.</summary>
    public async Task<(double MiBPerSecond, double Median)> ListAsync(int times)
    {
        using var client = await peer.ConnectAsync();
        await client.ListAsync("pods");
        var seconds = new List<double>();
        var bytes = 0L;
        for (var i = 0; i < times; i++)
        {
            var start = Stopwatch.GetTimestamp();
            bytes += await client.ListAsync("pods");
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return (bytes / 1048576.0 / seconds.Sum(), seconds.Order().ElementAt(times / 2));
    }

    /// <summary>Milliseconds from a write until a watcher has seen it, over all watchers and writes.</summary>
    public async Task<Rate> WatchAsync(int watchers, int writesPerSecond, int writes)
    {
        using var writer = await peer.ConnectAsync();
        await writer.CreateAsync("configmaps", "watched", ConfigMap("watched"));
        using var stop = new CancellationTokenSource();
        var sent = new long[writes];
        var arrived = new long[writes * watchers];
        var count = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var clients = new List<IPeerClient>();
        var loops = new List<Task>();
        var standing = new List<Task>();
        for (var w = 0; w < watchers; w++)
        {
            // A hundred watches a connection, as agents and controllers share theirs.
            if (w % 100 == 0)
            {
                clients.Add(await peer.ConnectAsync());
            }
            var watcher = w;
            var stands = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            standing.Add(stands.Task);
            loops.Add(
                clients[^1]
                    .WatchAsync(
                        "configmaps",
                        mark =>
                        {
                            arrived[(int.Parse(mark) * watchers) + watcher] = Stopwatch.GetTimestamp();
                            if (Interlocked.Increment(ref count) == arrived.Length)
                            {
                                all.TrySetResult();
                            }
                        },
                        stands,
                        stop.Token
                    )
            );
        }
        await Task.WhenAll(standing).WaitAsync(TimeSpan.FromMinutes(1));
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < writes; i++)
        {
            var due = TimeSpan.FromSeconds((double)i / writesPerSecond) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero)
            {
                await Task.Delay(due);
            }
            sent[i] = Stopwatch.GetTimestamp();
            await writer.MarkAsync("configmaps", "watched", $"{i}");
        }
        await all.Task.WaitAsync(TimeSpan.FromMinutes(2));
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await stop.CancelAsync();
        await Task.WhenAll(loops).ContinueWith(static _ => { }, TaskScheduler.Default);
        clients.ForEach(c => c.Dispose());
        return new Rate(
            arrived.Length / seconds,
            [.. arrived.Select((at, i) => Stopwatch.GetElapsedTime(sent[i / watchers], at).TotalMilliseconds)]
        );
    }

    public double ResidentMiB()
    {
        using var process = Process.GetProcessById(peer.ProcessId);
        return process.WorkingSet64 / 1048576.0;
    }

    private async Task<Rate> LoadAsync(int clients, TimeSpan duration, Func<IPeerClient, Task> step)
    {
        var connected = await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => peer.ConnectAsync()));
        await Task.WhenAll(connected.Select(step));
        var processor = ProcessorTime();
        var watch = Stopwatch.StartNew();
        var latencies = await Task.WhenAll(
            connected.Select(client =>
                Task.Run(async () =>
                {
                    var own = new List<double>();
                    while (watch.Elapsed < duration)
                    {
                        var start = Stopwatch.GetTimestamp();
                        await step(client);
                        own.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    }
                    return own;
                })
            )
        );
        var seconds = watch.Elapsed.TotalSeconds;
        processor = ProcessorTime() - processor;
        foreach (var client in connected)
        {
            client.Dispose();
        }
        List<double> all = [.. latencies.SelectMany(l => l)];
        return new Rate(all.Count / seconds, all) { ProcessorMicroseconds = processor.TotalMicroseconds / all.Count };
    }

    private TimeSpan ProcessorTime()
    {
        using var process = Process.GetProcessById(peer.ProcessId);
        return process.TotalProcessorTime;
    }

    private static byte[] ConfigMap(string name) =>
        Encoding.UTF8.GetBytes(
            $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"value":"{{{Filling}}}"} }"""
        );

    // No scheduler takes them: only the API is measured.
    private static byte[] Pod(string name) =>
        Encoding.UTF8.GetBytes(
            $$$"""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}","labels":{"app":"web","tier":"front"},
            "annotations":{"note":"made to be listed"}},
            "spec":{"schedulerName":"nobody","containers":[{"name":"main","image":"registry.example/web:1.2.3","command":["serve",
            "--port","8080"],"ports":[{"containerPort":8080}],
            "env":[{"name":"MODE","value":"production"}],"resources":{"requests":{"cpu":"10m","memory":"16Mi"} } }]} }
            """
        );
}

/// <summary>How often a second, and how long each took (ms).</summary>
internal sealed record Rate(double PerSecond, List<double> Milliseconds)
{
    /// <summary>What each took of the server's processors: less at the mercy of what else runs, the load's clients above all.</summary>
    public double ProcessorMicroseconds { get; init; }

    public double Percentile(double percent)
    {
        var sorted = Milliseconds.Order().ToList();
        return sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * percent / 100))];
    }
}
