namespace Petrel.Bench.Scale;

/// <summary>What was measured at one size.</summary>
/// <param name="Nodes">Simulated nodes.</param>
/// <param name="Pods">Pods, all of them Running at the end.</param>
/// <param name="NodesReady">Seconds until all nodes were Ready.</param>
/// <param name="PodsRunning">Seconds from the first Deployment until every pod was Running and Ready.</param>
/// <param name="ProcessorSeconds">The server's processor time in that span.</param>
/// <param name="Writes">Revisions of the store in that span.</param>
/// <param name="Loaded">Latencies in that span.</param>
/// <param name="Steady">Latencies afterwards, when only leases are renewed.</param>
/// <param name="SteadyProcessor">Processors that the server takes then, on average.</param>
/// <param name="BeforeMiB">The server's resident memory with nodes and no pods.</param>
/// <param name="AfterMiB">The same with all pods Running.</param>
/// <param name="PeakMiB">The most that it ever was.</param>
/// <param name="HeapMiB">The managed heap after the last collection: about what is really in use.</param>
/// <param name="CollectorPauses">Seconds for which garbage collections held the server up while the pods came.</param>
internal sealed record SizeFigures(
    int Nodes,
    int Pods,
    double NodesReady,
    double PodsRunning,
    double ProcessorSeconds,
    long Writes,
    Latencies Loaded,
    Latencies Steady,
    double SteadyProcessor,
    double BeforeMiB,
    double AfterMiB,
    double PeakMiB,
    double HeapMiB,
    double CollectorPauses
);

/// <summary>Milliseconds that requests took, by their kind.</summary>
internal sealed class Latencies
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<double>> _byKind = [];

    public void Add(string kind, double milliseconds)
    {
        lock (_gate)
        {
            if (!_byKind.TryGetValue(kind, out var list))
            {
                _byKind[kind] = list = [];
            }
            list.Add(milliseconds);
        }
    }

    public double Percentile(string kind, double percent)
    {
        lock (_gate)
        {
            var sorted = _byKind.GetValueOrDefault(kind, []).Order().ToList();
            return sorted.Count == 0 ? double.NaN : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * percent / 100))];
        }
    }
}
