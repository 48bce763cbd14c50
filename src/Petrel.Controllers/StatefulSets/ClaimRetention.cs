using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// The owner of a claim, by the set's persistentVolumeClaimRetentionPolicy. An owned claim is deleted with its owner. For whenDeleted, the
/// owner is the set. For whenScaled, the owner is the surplus pod.
/// </summary>
public static class ClaimRetention
{
    private const string Delete = "Delete";

    /// <summary>The owner of a new claim for a desired pod.</summary>
    public static V1OwnerReference? InitialOwner(V1StatefulSet set) => OnDeletion(set) ? OwnerReferences.ToController(set) : null;

    /// <summary>
    /// Whether the claim belongs to an earlier pod or set of that name, and will be deleted with it. The new pod has to wait until the
    /// claim is gone, or until the garbage collector has decided that it stays. (Upstream starts the pod on an earlier set's claim, which a
    /// finalizer then keeps.)
    /// </summary>
    public static bool IsStale(V1StatefulSet set, V1PersistentVolumeClaim claim, string podName, string? podUid) =>
        (OnScaling(set) && Owners(claim).Any(o => IsPod(o, podName) && o.Uid != podUid))
        || Owners(claim).Any(o => IsSet(o, set) && o.Uid != set.Metadata.Uid);

    /// <summary>Whether another object controls the claim. The policy does not apply to it then.</summary>
    public static bool IsConflicting(V1StatefulSet set, V1PersistentVolumeClaim claim, V1Pod pod)
    {
        if (!OnDeletion(set) && !OnScaling(set))
        {
            return false;
        }
        foreach (var owner in Owners(claim))
        {
            if (IsSet(owner, set) || IsPod(owner, pod.Metadata.Name))
            {
                if (owner.Uid != set.Metadata.Uid && owner.Uid != pod.Metadata.Uid)
                {
                    return true;
                }
            }
            else if (owner.Controller == true)
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The owners that the claim should have; null when they are right, or must not be changed.</summary>
    /// <param name="set">The set.</param>
    /// <param name="claim">The claim.</param>
    /// <param name="pod">The pod that uses it.</param>
    /// <param name="isDesired">Whether the set wants a pod with that ordinal.</param>
    public static IReadOnlyList<V1OwnerReference>? Correct(V1StatefulSet set, V1PersistentVolumeClaim claim, V1Pod pod, bool isDesired)
    {
        var owners = Owners(claim);
        if (owners.Any(o => (IsSet(o, set) && o.Uid != set.Metadata.Uid) || (IsPod(o, pod.Metadata.Name) && o.Uid != pod.Metadata.Uid)))
        {
            // An earlier set or pod of the same name left it: the garbage collector decides.
            return null;
        }
        List<V1OwnerReference> others = [.. owners.Where(o => !IsSet(o, set) && !IsPod(o, pod.Metadata.Name))];
        if (IsConflicting(set, claim, pod))
        {
            return others.Count == owners.Count ? null : others;
        }
        var bySet = OnDeletion(set) && (isDesired || !OnScaling(set));
        var byPod = OnScaling(set) && !isDesired;
        var ours = owners.Where(o => o.Uid == set.Metadata.Uid || o.Uid == pod.Metadata.Uid).ToList();
        if (
            ours.All(o => o.Controller == true)
            && ours.Any(o => o.Uid == set.Metadata.Uid) == bySet
            && ours.Any(o => o.Uid == pod.Metadata.Uid) == byPod
        )
        {
            return null;
        }
        if (bySet)
        {
            others.Add(OwnerReferences.ToController(set));
        }
        if (byPod)
        {
            others.Add(OwnerReferences.ToController(pod));
        }
        return others;
    }

    private static bool OnDeletion(V1StatefulSet set) => set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenDeleted == Delete;

    private static bool OnScaling(V1StatefulSet set) => set.Spec.PersistentVolumeClaimRetentionPolicy?.WhenScaled == Delete;

    private static IList<V1OwnerReference> Owners(V1PersistentVolumeClaim claim) => claim.Metadata.OwnerReferences ?? [];

    private static bool IsSet(V1OwnerReference owner, V1StatefulSet set) =>
        owner is { ApiVersion: "apps/v1", Kind: "StatefulSet" } && owner.Name == set.Metadata.Name;

    private static bool IsPod(V1OwnerReference owner, string name) => owner is { ApiVersion: "v1", Kind: "Pod" } && owner.Name == name;
}
