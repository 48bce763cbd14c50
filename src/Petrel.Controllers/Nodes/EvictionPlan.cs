using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Nodes;

/// <summary>When a pod must leave a node because of its NoExecute taints.</summary>
public static class EvictionPlan
{
    /// <summary>
    /// The time at which the pod must go (it may have passed); null when it may stay for ever. The shortest of the matching tolerations'
    /// times counts from the newest of the taints, as upstream's taint manager does.
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
        return since.AddSeconds(limits.Min());
    }
}
