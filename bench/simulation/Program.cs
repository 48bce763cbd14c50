// What a simulated second costs: a calm cluster of 10 nodes and 200 pods, and whole seeds of deployment-under-crashes, on one core.
// The claim is a ratio: virtual seconds per second of the wall clock.
//   dotnet run -c Release --project bench/simulation [virtual seconds of calm] [seeds] [parts: calm,seeds]
using System.Diagnostics;
using System.Globalization;
using Petrel.Bench.Simulation;

var calm = TimeSpan.FromSeconds(Argument(0, 1800));
var seeds = (int)Argument(1, 60);
var parts = args.Length > 2 ? args[2] : "calm,seeds";
if (Environment.ProcessorCount > 1 && File.Exists("/usr/bin/taskset"))
{
    // The runtime's own threads (compiler, collector) share the core: their cost is part of the figure.
    using var pinned = Process.Start("/usr/bin/taskset", ["-c", "0", Environment.ProcessPath!, .. args]);
    await pinned.WaitForExitAsync();
    return pinned.ExitCode;
}
Console.WriteLine($"{"", -34}{"virtual s/s", 13}{"seeds/s", 9}{"cpu us*", 9}{"steps*", 9}{"requests*", 11}{"commits*", 10}{"KiB*", 9}");
if (parts.Contains("calm"))
{
    Print("calm, 10 nodes, 200 pods", CalmCluster.Measure(nodes: 10, deployments: 10, replicas: 20, warmUp: calm / 2, calm));
}
if (parts.Contains("seeds"))
{
    SeedRuns.Measure(first: 1000, count: Math.Max(1, seeds / 4));
    Print("deployment-under-crashes", SeedRuns.Measure(first: 1, count: seeds));
}
Console.WriteLine("* per virtual second; cpu: processor time of the whole process, compiler and collector included");
return 0;

static void Print(string name, Figures figures)
{
    var virtualSeconds = figures.Virtual.TotalSeconds;
    Console.WriteLine(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{name, -34}{virtualSeconds / figures.Wall.TotalSeconds, 13:0}{figures.Seeds / figures.Wall.TotalSeconds, 9:0.00}"
                + $"{figures.Processor.TotalMicroseconds / virtualSeconds, 9:0}{figures.Steps / virtualSeconds, 9:0.0}"
                + $"{figures.Requests / virtualSeconds, 11:0.0}{figures.Commits / virtualSeconds, 10:0.00}"
                + $"{figures.Allocated / 1024.0 / virtualSeconds, 9:0}"
        )
    );
}

double Argument(int index, double otherwise) => args.Length > index ? double.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;
