using k8s.Models;
using Petrel.Model.Timing;
using Petrel.Workloads;

namespace Petrel.Controllers.Nodes;

/// <summary>When a pod is evicted because of the NoExecute taints of its node.</summary>
public static class EvictionPlan
{
    /// <summary>
    /// The time of the eviction, which may have passed; null when the pod may stay. As in upstream's taint manager, the shortest
    /// tolerationSeconds of the matching tolerations counts from the newest taint.
    /// </summary>
    public static DateTimeOffset? Compute(V1Pod pod, IEnumerable<V1Taint> taints, DateTimeOffset now)
    {
        var noExecute = taints.Where(Taints.Evicts).ToList();
        if (noExecute.Count == 0)
        {
            return null;
        }
        var used = new List<V1Toleration>();
        foreach (var taint in noExecute)
        {
            var tolerating = (pod.Spec.Tolerations ?? []).Where(t => t.Tolerates(taint)).ToList();
            if (tolerating.Count == 0)
            {
                return now;
            }
            used.AddRange(tolerating.Take(1));
        }
        var limits = used.Where(t => t.TolerationSeconds is not null).Select(t => Math.Max(0, t.TolerationSeconds!.Value)).ToList();
        if (limits.Count == 0)
        {
            return null;
        }
        var since = noExecute.Max(t => t.TimeAdded is { } added ? new DateTimeOffset(added.ToUniversalTime()) : now);
        return since.After(limits.Min());
    }
}
