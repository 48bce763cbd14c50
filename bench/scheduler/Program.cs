using System.Globalization;
using Petrel.Bench.Scheduler;

// How many pods per second of processor time the scheduler places, for workloads after kubernetes' scheduler_perf, over two sizes of
// cluster, with what each pod allocates; as ratios: to scheduling every pod as if it were the first of its kind (same run, same cluster),
// and of the cost per pod over the large cluster to that over the small one.
//   dotnet run -c Release --project bench/scheduler [pods] [small] [large] [part of a workload's name]
// With --api: pods bound through the real API server in this process, over a store in memory: created first, then a scheduler is started.
//   dotnet run -c Release --project bench/scheduler -- --api [pods] [nodes]...

if (args.FirstOrDefault() == "--api")
{
    int[] sizes = args.Length > 2 ? [.. args[2..].Select(a => Number(a, 0))] : [1000, 5000];
    foreach (var size in sizes)
    {
        var rate = await ThroughApi.RunAsync(size, Number(args.ElementAtOrDefault(1), 5000));
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"bound through the API over {size} nodes: {rate.PerSecond:0} pods/s, {rate.Placed} of {rate.Pods} pods, "
                    + $"{rate.BytesPerPod} B/pod"
            )
        );
    }
    return;
}

var (pods, small, large) = (
    Number(args.ElementAtOrDefault(0), 10_000),
    Number(args.ElementAtOrDefault(1), 1000),
    Number(args.ElementAtOrDefault(2), 5000)
);
var workloads = Workload.All.Where(w => w.Name.Contains(args.ElementAtOrDefault(3) ?? "", StringComparison.Ordinal)).ToArray();

// One in so many pods of the comparison, which takes long, is enough to see what a pod costs.
const int BaselineShare = 10;
foreach (var workload in workloads)
{
    Loop.Run(workload, small, pods / 4, keeps: true);
    Loop.Run(workload, small, pods / 40, keeps: false);
}
Console.WriteLine($"{"", -30}{$"{small} nodes", 22}{$"{large} nodes", 22}{"growth", 9}{"B/pod", 9}{"one by one", 13}{"ratio", 8}");
foreach (var workload in workloads)
{
    var few = Loop.Run(workload, small, pods, keeps: true);
    var many = Loop.Run(workload, large, pods, keeps: true);
    var alone = Loop.Run(workload, large, pods / BaselineShare, keeps: false);
    var missing =
        few.Placed == few.Pods && many.Placed == many.Pods ? "" : $"   placed {few.Placed} of {few.Pods} and {many.Placed} of {many.Pods}";
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{workload.Name, -30}{few.PerSecond, 14:0} pods/s {many.PerSecond, 14:0} pods/s "
                + $"{many.Microseconds / few.Microseconds, 8:0.00}{many.BytesPerPod, 9}{alone.PerSecond, 6:0} "
                + $"pods/s{many.PerSecond / alone.PerSecond, 8:0.0}{missing}"
        )
    );
}

static int Number(string? text, int otherwise) => text is null ? otherwise : int.Parse(text, CultureInfo.InvariantCulture);
