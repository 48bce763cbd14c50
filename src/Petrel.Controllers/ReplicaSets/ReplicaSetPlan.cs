using k8s.Models;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.PodControl;
using Petrel.Workloads;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>What to do about a ReplicaSet's pods now.</summary>
/// <param name="Adoption">Pods to adopt and to release. This comes first; the rest counts with its result.</param>
/// <param name="Create">How many pods to create.</param>
/// <param name="Delete">The pods to delete, the best choice first.</param>
public sealed record ReplicaSetPlan(AdoptionPlan<V1Pod> Adoption, int Create, IReadOnlyList<V1Pod> Delete)
{
    /// <summary>The most pods that are created or deleted at once.</summary>
    public const int Burst = 500;

    /// <summary>Plans the next step.</summary>
    /// <param name="set">The ReplicaSet.</param>
    /// <param name="pods">The pods that it controls and those in its namespace that have no controller.</param>
    /// <param name="related">The pods of all ReplicaSets with the same owner; read only when pods have to be deleted.</param>
    /// <param name="now">The time.</param>
    public static ReplicaSetPlan Compute(V1ReplicaSet set, IEnumerable<V1Pod> pods, IEnumerable<V1Pod> related, DateTimeOffset now)
    {
        if (set.Metadata.DeletionTimestamp is not null)
        {
            // The garbage collector decides about its pods, by the propagation policy of the deletion.
            return new(new([], [], []), 0, []);
        }
        var selector = LabelSelectors.From(set.Spec.Selector);
        var adoption = AdoptionPlan<V1Pod>.Compute(set.Metadata, pods.Where(PodStates.IsActive), pod =>
            selector.Matches(LabelSets.Of(pod.Metadata.Labels))
        );
        var surplus = adoption.Owned.Count + adoption.Adopt.Count - (set.Spec.Replicas ?? 1);
        if (surplus <= 0)
        {
            return new(adoption, Math.Min(-surplus, Burst), []);
        }
        var order = new DeletionOrder(related, now);
        return new(adoption, 0, [.. adoption.Owned.Concat(adoption.Adopt).Order(order).Take(Math.Min(surplus, Burst))]);
    }
}
