// How the live server carries many nodes and pods: `petrel up --nodes 0` and `petrel sim-nodes` as a user starts them, Deployments with a
// Service each, and requests as kubectl sends them (TLS, client certificate, HTTP/2) all the while. Prints the figures of each size, and
// how they grow per pod.
//   dotnet run -c Release --project bench/scale [nodes:pods ...] (default: 100:3000 300:9000 1000:30000)
//   dotnet run -c Release --project bench/scale --against /path/to/old/petrel [nodes:pods ...]: another build's program beside this one, at
//     each size in one run, and the ratio. Processor time, memory and counts hold on a busy machine; seconds and latencies do not.
//   dotnet run -c Release --project bench/scale watchers: what a change costs beside 1, 100, 1,000 and 5,000 watches of single nodes
//   dotnet run -c Release --project bench/scale lifecycle [nodes] [pods]: what a pod takes from created to Running, in one process
using System.Globalization;
using Petrel.Bench.Scale;

if (args is ["watchers"])
{
    foreach (var count in (int[])[1, 100, 1000, 5000])
    {
        await WatcherRun.MeasureAsync(count);
    }
    return 0;
}
if (args is ["lifecycle", ..])
{
    int Given(int index, int otherwise) => args.Length > index ? int.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;
    await LifecycleRun.MeasureAsync(Given(1, 1000), Given(2, 5000));
    return 0;
}
var against = args is ["--against", var program, ..] ? program : null;
string[] sizes = against is null ? args : args[2..];
string[] given = sizes.Length > 0 ? sizes : ["100:3000", "300:9000", "1000:30000"];
var results = new List<SizeFigures>();
foreach (var size in given)
{
    var (nodes, pods) = size.Split(':') is [var left, var right]
        ? (int.Parse(left, CultureInfo.InvariantCulture), int.Parse(right, CultureInfo.InvariantCulture))
        : throw new ArgumentException($"\"{size}\" is not NODES:PODS.");
    void Report(string what) => Console.Error.WriteLine($"{nodes} nodes, {pods} pods: {what}");
    if (against is not null)
    {
        var old = await ScaleRun.MeasureAsync(nodes, pods, against, what => Report($"old: {what}"));
        FiguresTable.PrintBuilds(old, await ScaleRun.MeasureAsync(nodes, pods, null, what => Report($"new: {what}")));
        continue;
    }
    results.Add(await ScaleRun.MeasureAsync(nodes, pods, null, Report));
    FiguresTable.Print(results);
}
return 0;
