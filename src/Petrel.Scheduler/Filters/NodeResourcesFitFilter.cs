using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Filters;

/// <summary>The node must have free what the pod requests. The reasons name every resource that is short, as upstream.</summary>
internal sealed class NodeResourcesFitFilter(NodeResourcesFitArgs args) : IFilterPlugin, IQueueingHints
{
    // One bit each. Validation allows far fewer resources in a pod.
    private const int MaxResources = 62;

    public string Name => "NodeResourcesFit";

    public ClusterEvents RetryOn =>
        ClusterEvents.NodeAdded | ClusterEvents.NodeAllocatable | ClusterEvents.PodDeleted | ClusterEvents.PodShrunk;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened)
    {
        if (happened.Node is { } node)
        {
            // Compare with all that the node has. The next attempt sees how much of it is free.
            var allocatable = ResourceList.From(node.Status?.Allocatable);
            return Requested(waiting.Requests).All(w => w.Amount <= allocatable.Of(w.Name));
        }
        // A pod that requests nothing still frees its place in the number of pods.
        var (old, now) = (happened.OldPod, happened.NewPod);
        return old is null || now is null || Requested(waiting.Requests).Any(w => now.Requests.Of(w.Name) < old.Requests.Of(w.Name));
    }

    public FilterPlan For(PodInfo pod, ClusterState cluster) =>
        FilterPlan.With(
            new Filter([.. Requested(pod.Requests).Select(w => (cluster.Resource(w.Name), w.Amount)).Take(MaxResources)], cluster)
        );

    // A pod that requests none of a resource fits even on a node where that resource is overcommitted.
    private IEnumerable<(string Name, long Amount)> Requested(ResourceList requests) =>
        requests.All.Where(r => r.Amount > 0 && !IsIgnored(r.Name));

    private bool IsIgnored(string name) =>
        IsExtended(name)
        && (
            args.IgnoredResources.Contains(name) || args.IgnoredResourceGroups.Contains(name[..name.IndexOf('/', StringComparison.Ordinal)])
        );

    // Upstream's IsExtendedResourceName: the name has a domain that is not Kubernetes' own.
    private static bool IsExtended(string name) =>
        name.Contains('/', StringComparison.Ordinal)
        && !name.Contains("kubernetes.io/", StringComparison.Ordinal)
        && !name.StartsWith("requests.", StringComparison.Ordinal);

    private sealed class Filter((ResourceColumn Column, long Amount)[] requested, ClusterState cluster) : INodeFilter
    {
        // By the resources that are short: bit 0 is the number of pods, the next bits are the requested resources. The sign bit says that
        // the node is too small even when it is empty.
        private readonly Dictionary<long, Status> _statuses = [];

        public Status Check(int node)
        {
            long shortage = cluster.PodCounts[node] + 1 > cluster.At(node).Allocatable.Pods ? 1 : 0;
            for (var i = 0; i < requested.Length; i++)
            {
                var (column, amount) = requested[i];
                if (amount > column.Allocatable[node] - column.Requested[node])
                {
                    shortage |= 1L << (i + 1) | (amount > column.Allocatable[node] ? long.MinValue : 0);
                }
            }
            return shortage == 0 ? Status.Success : Explain(shortage);
        }

        private Status Explain(long shortage)
        {
            if (!_statuses.TryGetValue(shortage, out var status))
            {
                string[] reasons =
                [
                    .. (shortage & 1) != 0 ? ["Too many pods"] : Array.Empty<string>(),
                    .. requested.Where((_, i) => (shortage & 1L << (i + 1)) != 0).Select(w => $"Insufficient {w.Column.Name}"),
                ];
                _statuses[shortage] = status = shortage < 0 ? Status.Unresolvable(reasons) : Status.Unschedulable(reasons);
            }
            return status;
        }
    }
}
