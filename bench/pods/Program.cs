// How long a pod takes from its creation through the API until its Running status reaches a watching client, one pod after another on an
// idle node with the image present, as a ratio to crun alone starting the same program (Debian packages crun, busybox-static). Needs root.
//   images/build artifacts/images && dotnet run -c Release --project bench/pods [pods]
using System.Globalization;
using Petrel.Bench.Pods;

var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 30;
if (!Environment.IsPrivilegedProcess)
{
    Console.Error.WriteLine("bench/pods needs root: it runs containers.");
    return 1;
}

await using var cluster = await BenchCluster.UpAsync();
for (var warm = 0; warm < 3; warm++)
{
    await cluster.TimePodAsync($"warm-{warm}");
}
List<double> pods = [],
    bare = [];
for (var i = 0; i < count; i++)
{
    pods.Add(await cluster.TimePodAsync($"pod-{i}"));
    bare.Add(await BareCrun.TimeContainerAsync());
    Console.Error.Write($"\r{i + 1} of {count}");
}
Console.Error.WriteLine();

Console.WriteLine(
    $"create to Running (ms)    p50 {Percentile(pods, 50):0.0}   p90 {Percentile(pods, 90):0.0}   p99 "
        + $"{Percentile(pods, 99):0.0}   n {pods.Count}"
);
Console.WriteLine(
    $"crun run alone (ms)       p50 {Percentile(bare, 50):0.0}   p90 {Percentile(bare, 90):0.0}   p99 {Percentile(bare, 99):0.0}"
);
Console.WriteLine($"ratio of the medians      {Percentile(pods, 50) / Percentile(bare, 50):0.00}");
return 0;

static double Percentile(List<double> values, int percent)
{
    var sorted = values.Order().ToList();
    return sorted[Math.Min(sorted.Count - 1, sorted.Count * percent / 100)];
}
