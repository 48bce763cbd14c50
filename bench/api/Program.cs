// What the API costs over a bare store: durable creates, reads, lists, watch fan-out and memory, of Petrel with TLS, admission and
// validation against etcd alone with neither (Debian package etcd-server), each doing the equivalent put, get, range and watch, one after
// the other on this machine.
//   dotnet run -c Release --project bench/api [--against /path/to/old/petrel] [seconds per row] [pods] [watchers]
//     [rows: start,creates,patches,gets,lists,watch]
//   dotnet run -c Release --project bench/api in-process [writes]
// With --against, another build's program is measured in the same run, and the ratio is this build's figure over its. Processor time and
// bytes allocated hold on a busy machine; rates and latencies do not. in-process measures each write in a pod's life by these two alone.
using System.Globalization;
using Petrel.Bench.Api;

if (args is ["in-process", ..])
{
    await WriteCosts.RunAsync(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 2000);
    return 0;
}
var against = args is ["--against", var program, ..] ? program : null;
args = against is null ? args : args[2..];
var duration = TimeSpan.FromSeconds(Argument(0, 5));
var pods = (int)Argument(1, 10_000);
var watchers = (int)Argument(2, 1000);
var rows = args.Length > 3 ? args[3] : "start,lists,creates,patches,gets,watch";
if (!EtcdPeer.IsInstalled && against is null)
{
    Console.Error.WriteLine("bench/api needs etcd as the baseline (Debian package etcd-server).");
    return 1;
}

var old = against is null ? null : await MeasureAsync(await PetrelPeer.StartAsync(against));
var own = await MeasureAsync(await PetrelPeer.StartAsync());
var etcd = EtcdPeer.IsInstalled ? await MeasureAsync(await EtcdPeer.StartAsync()) : null;

Console.WriteLine(
    $"{"", -44}{"petrel", 12}{(old is null ? "" : $"{"old", 12}{"ratio", 8}")}{(etcd is null ? "" : $"{"etcd", 12}{"ratio", 8}")}"
);
foreach (var (name, value) in own)
{
    Console.WriteLine($"{name, -44}{value, 12:0.00}{Beside(old, name, value)}{Beside(etcd, name, value)}");
}
return 0;

static string Beside(Dictionary<string, double>? peer, string name, double value) =>
    peer is null ? ""
    : peer.TryGetValue(name, out var other) ? $"{other, 12:0.00}{value / other, 8:0.00}"
    : $"{"", 20}";

async Task<Dictionary<string, double>> MeasureAsync(IPeer server)
{
    await using var _ = server;
    var measure = new Measurements(server);
    var figures = new Dictionary<string, double>();
    void Report(string what) => Console.Error.WriteLine($"{server.Name}: {what}");

    if (rows.Contains("start"))
    {
        // The compiler still works on what is hot: what that costs is the difference between the first ten seconds and the third.
        Report("creates by 16 after the start");
        var tens = new List<Rate>();
        for (var i = 0; i < 3; i++)
        {
            tens.Add(await measure.CreatesAsync(16, TimeSpan.FromSeconds(10)));
        }
        foreach (var (when, rate) in new[] { ("1-10", tens[0]), ("20-30", tens[2]) })
        {
            figures[$"creates/s, seconds {when} after the start"] = rate.PerSecond;
            figures[$"  server processor time (us), seconds {when}"] = rate.ProcessorMicroseconds;
        }
    }
    if (rows.Contains("lists"))
    {
        // First, so that what the pods take is not hidden by what earlier rows have left behind.
        Report($"{pods} pods");
        figures[$"memory of {pods} pods (MiB)"] = await measure.PodsAsync(pods);
        Report("lists");
        var (rateOfBytes, median) = await measure.ListAsync(10);
        figures[$"LIST of {pods} pods (MiB/s)"] = rateOfBytes;
        figures[$"LIST of {pods} pods (s, median)"] = median;
    }
    if (rows.Contains("creates"))
    {
        await measure.CreatesAsync(4, TimeSpan.FromSeconds(2));
        foreach (var clients in (int[])[1, 16, 64])
        {
            Report($"creates by {clients}");
            var rate = await measure.CreatesAsync(clients, duration);
            figures[$"durable creates/s, {clients} clients"] = rate.PerSecond;
            figures[$"  p99 (ms), {clients} clients"] = rate.Percentile(99);
            figures[$"  server processor time (us), {clients} clients"] = rate.ProcessorMicroseconds;
        }
    }
    if (rows.Contains("patches"))
    {
        Report("patches by 16");
        var before = server is PetrelPeer first ? await first.MetricAsync("dotnet_gc_heap_allocated_bytes_total") : null;
        var rate = await measure.PatchesAsync(16, duration);
        figures["pod PATCHes/s, 16 clients"] = rate.PerSecond;
        figures["  server processor time (us), 16 patchers"] = rate.ProcessorMicroseconds;
        if (server is PetrelPeer last && before is { } start && await last.MetricAsync("dotnet_gc_heap_allocated_bytes_total") is { } end)
        {
            figures["  bytes allocated per PATCH"] = (end - start) / rate.Milliseconds.Count;
        }
    }
    if (rows.Contains("gets"))
    {
        await measure.GetsAsync(4, TimeSpan.FromSeconds(1));
        foreach (var clients in (int[])[1, 64])
        {
            Report($"gets by {clients}");
            var rate = await measure.GetsAsync(clients, duration);
            figures[$"GETs/s, {clients} clients"] = rate.PerSecond;
            figures[$"  server processor time (us), {clients} readers"] = rate.ProcessorMicroseconds;
        }
    }
    if (rows.Contains("watch"))
    {
        Report($"{watchers} watchers");
        const int writes = 100;
        var allocated = server is PetrelPeer before ? await before.MetricAsync("dotnet_gc_heap_allocated_bytes_total") : null;
        var watch = await measure.WatchAsync(watchers, writesPerSecond: 20, writes);
        figures[$"watch: write to {watchers} watchers (ms, p50)"] = watch.Percentile(50);
        figures[$"watch: write to {watchers} watchers (ms, p99)"] = watch.Percentile(99);
        if (
            server is PetrelPeer after
            && allocated is { } start
            && await after.MetricAsync("dotnet_gc_heap_allocated_bytes_total") is { } end
        )
        {
            figures["watch: bytes allocated per event and watcher"] = (end - start) / (writes * watchers);
        }
    }
    figures["resident at the end (MiB)"] = measure.ResidentMiB();
    return figures;
}

double Argument(int index, double absent) => args.Length > index ? double.Parse(args[index], CultureInfo.InvariantCulture) : absent;
