using System.Globalization;

namespace Petrel.Bench.Scale;

/// <summary>
/// Prints runs side by side: sizes, whose last column is how the figure has grown from the first to the last against the growth in pods;
/// or two builds at one size, whose last column is the second's figure over the first's.
/// </summary>
internal static class FiguresTable
{
    public static void Print(IReadOnlyList<SizeFigures> sizes) =>
        Print(sizes, [.. sizes.Select(s => $"{s.Nodes}/{s.Pods}")], "growth per pod");

    public static void PrintBuilds(SizeFigures old, SizeFigures current)
    {
        var size = $"{old.Nodes}/{old.Pods}";
        Print([old, current], [$"old {size}", $"new {size}"], "new : old");
    }

    private static void Print(IReadOnlyList<SizeFigures> sizes, string[] heads, string last)
    {
        Row("", heads, sizes.Count > 1 ? last : "");
        Figure("nodes ready (s)", s => s.NodesReady);
        Figure("all pods Running (s)", s => s.PodsRunning);
        Figure("pods per second", s => s.Pods / s.PodsRunning, perPod: false);
        Figure("revisions per pod", s => (double)s.Writes / s.Pods, perPod: false);
        Figure("server processor time (s)", s => s.ProcessorSeconds);
        Figure("  per pod (ms)", s => s.ProcessorSeconds * 1000 / s.Pods, perPod: false);
        Figure("server memory, no pods (MiB)", s => s.BeforeMiB, perPod: false);
        Figure("server memory, all pods (MiB)", s => s.AfterMiB);
        Figure("  above no pods, per pod (KiB)", s => (s.AfterMiB - s.BeforeMiB) * 1024 / s.Pods, perPod: false);
        Figure("server memory, peak (MiB)", s => s.PeakMiB);
        Figure("  of it in use on the heap (MiB)", s => s.HeapMiB);
        Figure("held up by garbage collection (s)", s => s.CollectorPauses);
        foreach (var (name, of) in new (string, Func<SizeFigures, Latencies>)[] { ("loaded", s => s.Loaded), ("steady", s => s.Steady) })
        {
            foreach (var kind in Probes.Kinds)
            {
                Figure($"{kind}, {name}, p50 (ms)", s => of(s).Percentile(kind, 50), perPod: false);
                Figure($"{kind}, {name}, p99 (ms)", s => of(s).Percentile(kind, 99), perPod: false);
            }
        }
        Figure("processors taken by the steady server", s => s.SteadyProcessor, perPod: false);

        // A total is held against the number of pods; what is for one pod or one request already is held against itself.
        void Figure(string name, Func<SizeFigures, double> of, bool perPod = true)
        {
            var growth = of(sizes[^1]) / of(sizes[0]) / (perPod ? (double)sizes[^1].Pods / sizes[0].Pods : 1);
            Row(name, sizes.Select(s => Number(of(s))), sizes.Count > 1 ? Number(growth) : "");
        }
    }

    private static void Row(string name, IEnumerable<string> values, string growth) =>
        Console.WriteLine($"{name, -40}{string.Concat(values.Select(v => $"{v, 14}"))}{growth, 18}");

    private static string Number(double value) =>
        value.ToString(
            value >= 100 ? "0"
                : value >= 10 ? "0.0"
                : "0.00",
            CultureInfo.InvariantCulture
        );
}
