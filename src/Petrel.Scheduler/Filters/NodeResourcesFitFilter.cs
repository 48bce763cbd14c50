using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>What the pod requests must be free on the node. Names everything that is short, as upstream.</summary>
internal sealed class NodeResourcesFitFilter(NodeResourcesFitArgs args) : IFilterPlugin, IRetryHints
{
    // As many as there are bits; validation allows no pod near as many.
    private const int MostResources = 62;

    public string Name => "NodeResourcesFit";

    public ClusterEvents RetryOn =>
        ClusterEvents.NodeAdded | ClusterEvents.NodeAllocatable | ClusterEvents.PodDeleted | ClusterEvents.PodShrunk;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened)
    {
        if (happened.Node is { } node)
        {
            // What is there at all must do; what of it is free, the next attempt will see.
            var allocatable = ResourceList.From(node.Status?.Allocatable);
            return Wanted(waiting.Requests).All(w => w.Amount <= allocatable.Of(w.Name));
        }
        // Also a pod that requests nothing leaves a place.
        var (old, now) = (happened.OldPod, happened.NewPod);
        return old is null || now is null || Wanted(waiting.Requests).Any(w => now.Requests.Of(w.Name) < old.Requests.Of(w.Name));
    }

    public FilterPlan For(PodInfo pod, ClusterState cluster) =>
        FilterPlan.With(
            new Filter([.. Wanted(pod.Requests).Select(w => (cluster.Resource(w.Name), w.Amount)).Take(MostResources)], cluster)
        );

    // A pod that asks for nothing of a resource fits even where others took more than there is.
    private IEnumerable<(string Name, long Amount)> Wanted(ResourceList requests) =>
        requests.All.Where(r => r.Amount > 0 && !IsIgnored(r.Name));

    private bool IsIgnored(string name) =>
        IsExtended(name)
        && (
            args.IgnoredResources.Contains(name) || args.IgnoredResourceGroups.Contains(name[..name.IndexOf('/', StringComparison.Ordinal)])
        );

    // Upstream: those with a domain that isn't Kubernetes' own.
    private static bool IsExtended(string name) =>
        name.Contains('/', StringComparison.Ordinal)
        && !name.Contains("kubernetes.io/", StringComparison.Ordinal)
        && !name.StartsWith("requests.", StringComparison.Ordinal);

    private sealed class Filter((ResourceColumn Column, long Amount)[] wanted, ClusterState cluster) : INodeFilter
    {
        // By which are short: bit 0 is places for pods, the others are those of wanted, and the sign is that nobody's leaving helps.
        private readonly Dictionary<long, Verdict> _verdicts = [];

        public Verdict Check(int node)
        {
            long isShort = cluster.PodCounts[node] + 1 > cluster.At(node).Allocatable.Pods ? 1 : 0;
            for (var i = 0; i < wanted.Length; i++)
            {
                var (column, amount) = wanted[i];
                if (amount > column.Allocatable[node] - column.Requested[node])
                {
                    isShort |= 1L << (i + 1) | (amount > column.Allocatable[node] ? long.MinValue : 0);
                }
            }
            return isShort == 0 ? Verdict.Pass : Explain(isShort);
        }

        private Verdict Explain(long isShort)
        {
            if (!_verdicts.TryGetValue(isShort, out var verdict))
            {
                string[] reasons =
                [
                    .. (isShort & 1) != 0 ? ["Too many pods"] : Array.Empty<string>(),
                    .. wanted.Where((_, i) => (isShort & 1L << (i + 1)) != 0).Select(w => $"Insufficient {w.Column.Name}"),
                ];
                _verdicts[isShort] = verdict = isShort < 0 ? Verdict.Unresolvable(reasons) : Verdict.Unschedulable(reasons);
            }
            return verdict;
        }
    }
}
