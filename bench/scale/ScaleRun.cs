using System.Diagnostics;

namespace Petrel.Bench.Scale;

/// <summary>One size, from nothing to a cluster at rest, and back to nothing.</summary>
internal static class ScaleRun
{
    private const int PodsPerDeployment = 500;
    private const string CollectorPauses = "dotnet_gc_pause_time_seconds_total";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(20);

    public static async Task<SizeFigures> MeasureAsync(int nodes, int pods, string? program, Action<string> report)
    {
        await using var cluster = await ScaleCluster.UpAsync(program);
        using var api = cluster.Connect();
        report("server up");

        var start = Stopwatch.GetTimestamp();
        await cluster.StartFleetAsync(nodes, (pods / nodes) + 80);
        await UntilAsync("nodes ready", report, nodes, () => api.ReadyNodesAsync());
        var nodesReady = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var before = cluster.ServerMiB();

        var loaded = new Latencies();
        await using (var probes = await Probes.StartAsync(cluster, loaded))
        {
            var processor = cluster.ServerProcessorTime();
            var revision = await api.RevisionAsync();
            var pauses = await api.MetricAsync(CollectorPauses);
            start = Stopwatch.GetTimestamp();
            for (var i = 0; i * PodsPerDeployment < pods; i++)
            {
                await api.DeployAsync($"load-{i:000}", Math.Min(PodsPerDeployment, pods - (i * PodsPerDeployment)));
            }
            await UntilAsync("pods ready", report, pods, () => api.ReadyReplicasAsync());
            var podsRunning = Stopwatch.GetElapsedTime(start).TotalSeconds;
            processor = cluster.ServerProcessorTime() - processor;
            revision = await api.RevisionAsync() - revision;
            pauses = await api.MetricAsync(CollectorPauses) - pauses;
            var after = cluster.ServerMiB();

            var steady = new Latencies();
            probes.RecordTo(steady);
            var rest = cluster.ServerProcessorTime();
            await Task.Delay(Rest);
            rest = cluster.ServerProcessorTime() - rest;
            var heap = await api.MetricAsync("dotnet_gc_last_collection_heap_size_bytes") / 1048576;
            return new(
                nodes,
                pods,
                nodesReady,
                podsRunning,
                processor.TotalSeconds,
                revision,
                loaded,
                steady,
                rest / Rest,
                before,
                after,
                cluster.ServerPeakMiB(),
                heap,
                pauses
            );
        }
    }

    private static async Task UntilAsync(string what, Action<string> report, int wanted, Func<Task<int>> count)
    {
        var start = Stopwatch.GetTimestamp();
        var told = start;
        while (true)
        {
            var now = await count();
            if (now >= wanted)
            {
                report($"{what}: all {now}");
                return;
            }
            if (Stopwatch.GetElapsedTime(told) > TimeSpan.FromSeconds(5))
            {
                told = Stopwatch.GetTimestamp();
                report($"{what}: {now} after {Stopwatch.GetElapsedTime(start).TotalSeconds:0} s");
            }
            if (Stopwatch.GetElapsedTime(start) > Limit)
            {
                throw new TimeoutException($"{what}: only {now} of {wanted} within {Limit.TotalMinutes} minutes.");
            }
            await Task.Delay(250);
        }
    }
}
