using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Tests.Reference;

/// <summary>
/// The scheduler's rules once more, as plainly as they can be said: over the API's own objects, everything looked at again for every pod
/// and node, nothing kept. What the real one does must be the same.
/// </summary>
internal sealed class ReferenceScheduler(IEntropy entropy, ProfileSettings settings, int percentageOfNodesToScore)
{
    private readonly ReferenceFilters _filters = new(settings);
    private readonly ReferenceScores _scores = new(settings);
    private int _start;

    public ReferenceCluster Cluster { get; } = new();

    public (string? Node, string Message) Schedule(V1Pod pod)
    {
        var nodes = InOrder();
        if (nodes.Count == 0)
        {
            return (null, "no nodes available to schedule pods");
        }
        var all = nodes.Count;
        if (ReferenceFilters.NamedNodes(pod) is { } names)
        {
            if (names.Count == 0)
            {
                return (null, $"0/{all} nodes are available: pod affinity terms conflict.");
            }
            nodes = [.. nodes.Where(n => names.Contains(n.Metadata.Name)).OrderBy(n => n.Metadata.Name, StringComparer.Ordinal)];
        }
        var named = ReferenceFilters.NamedNodes(pod) is not null;
        var percentage = percentageOfNodesToScore > 0 ? percentageOfNodesToScore : Math.Max(5, 50 - nodes.Count / 125);
        var enough = nodes.Count < 100 || percentage >= 100 ? nodes.Count : Math.Max(100, nodes.Count * percentage / 100);
        var (feasible, reasons, visited) = (new List<V1Node>(), new Dictionary<string, int>(), 0);
        for (; visited < nodes.Count && feasible.Count < enough; visited++)
        {
            var node = nodes[((named ? 0 : _start) + visited) % nodes.Count];
            var why = _filters.WhyNot(pod, node, Cluster);
            if (why.Count == 0)
            {
                feasible.Add(node);
            }
            foreach (var reason in why)
            {
                reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            }
        }
        if (!named)
        {
            _start = (_start + visited) % nodes.Count;
        }
        if (feasible.Count == 0)
        {
            if (nodes.Count < all)
            {
                reasons["node(s) didn't satisfy plugin(s) [NodeAffinity]"] = all - nodes.Count;
            }
            var sorted = reasons.Select(r => $"{r.Value} {r.Key}").Order(StringComparer.Ordinal);
            return (null, $"0/{all} nodes are available: {string.Join(", ", sorted)}.");
        }
        if (feasible.Count == 1)
        {
            return (feasible[0].Metadata.Name, "");
        }
        var totals = _scores.Total(pod, feasible, Cluster);
        V1Node[] best = [.. feasible.Where((_, i) => totals[i] == totals.Max())];
        return (best[best.Length == 1 ? 0 : entropy.Next(best.Length)].Metadata.Name, "");
    }

    // One node of each zone in turn.
    private List<V1Node> InOrder()
    {
        string Zone(V1Node n) =>
            $"{ReferenceCluster.Label(n, "topology.kubernetes.io/region")}\0{ReferenceCluster.Label(n, "topology.kubernetes.io/zone")}";
        var zones = Cluster.Nodes.Values.GroupBy(Zone).OrderBy(z => z.Key, StringComparer.Ordinal).Select(z => z.ToArray()).ToArray();
        return [.. Enumerable.Range(0, Cluster.Nodes.Count).SelectMany(i => zones.Where(z => i < z.Length).Select(z => z[i]))];
    }
}
