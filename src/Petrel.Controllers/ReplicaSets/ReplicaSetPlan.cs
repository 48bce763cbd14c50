using k8s.Models;
using Petrel.Controllers.PodControl;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// What to do about a ReplicaSet's pods now: first the claims (pods to adopt or to let go), and then, on the pods that are its own after
/// that, either <see cref="Create"/> more or <see cref="Delete"/> these, best choice first.
/// </summary>
public sealed record ReplicaSetPlan(IReadOnlyList<V1Pod> Adopt, IReadOnlyList<V1Pod> Release, int Create, IReadOnlyList<V1Pod> Delete)
{
    /// <summary>No more pods than this are created or deleted at once.</summary>
    public const int Burst = 500;

    /// <summary>Whether pods have to change their owner before the set's size can be judged.</summary>
    public bool HasClaims => Adopt.Count > 0 || Release.Count > 0;

    /// <summary>
    /// The plan from the set's own pods, the orphans of its namespace, and (only looked at when there are too many) the pods of all
    /// ReplicaSets with the same owner.
    /// </summary>
    public static ReplicaSetPlan Compute(V1ReplicaSet set, IEnumerable<V1Pod> pods, IEnumerable<V1Pod> related, DateTimeOffset now)
    {
        var selector = LabelSets.Selector(set.Spec.Selector);
        var ending = set.Metadata.DeletionTimestamp is not null;
        List<V1Pod> adopt = [],
            release = [],
            active = [];
        foreach (var pod in pods.Where(PodStates.IsActive))
        {
            var matches = selector.Matches(LabelSets.Of(pod.Metadata.Labels));
            var owner = pod.ControllerReference();
            if (owner?.Uid == set.Metadata.Uid)
            {
                (matches ? active : release).Add(pod);
            }
            else if (owner is null && matches && !ending)
            {
                adopt.Add(pod);
                active.Add(pod);
            }
        }
        if (ending)
        {
            // The collector decides about its pods, as the deletion's propagation policy has it.
            return new([], [], 0, []);
        }
        var surplus = active.Count - (set.Spec.Replicas ?? 1);
        return surplus switch
        {
            < 0 => new(adopt, release, Math.Min(-surplus, Burst), []),
            0 => new(adopt, release, 0, []),
            _ => new(adopt, release, 0, [.. active.Order(new DeletionOrder(related, now)).Take(Math.Min(surplus, Burst))]),
        };
    }
}
