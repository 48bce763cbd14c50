using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// Changes the size of a Deployment without rolling on. In the middle of a rollout each ReplicaSet gets its share, so that the risk of the
/// new template stays what it was.
/// </summary>
internal static class ProportionalScaling
{
    /// <summary>
    /// Whether the Deployment's size is another one than its ReplicaSets were made for. Several ReplicaSets share only a rolling update;
    /// with Recreate all but one are on their way to nothing.
    /// </summary>
    public static bool IsNeeded(Rollout rollout) =>
        (RolloutBounds.IsRolling(rollout.Deployment.Spec) || rollout.Active.Count() <= 1)
        && rollout.Active.Any(s =>
            DeploymentRevisions.Parse(s.Metadata.Annotations, DeploymentNames.DesiredReplicas) is { } noted
            && noted != rollout.Bounds.Replicas
        );

    public static void Plan(Rollout rollout)
    {
        if (FindOnlyActive(rollout) is { } one)
        {
            var missing = rollout.Bounds.Replicas - one.DesiredReplicas();
            rollout.RecordDesiredReplicas(one);
            rollout.Scale(
                one,
                one.DesiredReplicas() + (missing <= 0 ? missing : Math.Min(missing, RollingUpdateStrategy.MaxScaleUp(rollout, one)))
            );
        }
        else if (IsSaturated(rollout))
        {
            foreach (var set in rollout.Old)
            {
                rollout.Scale(set, 0);
            }
        }
        else if (RolloutBounds.IsRolling(rollout.Deployment.Spec) && rollout.Active.Any())
        {
            ScaleProportionally(rollout);
        }
    }

    // The only ReplicaSet with pods or, when there is none, the one to get pods.
    private static V1ReplicaSet? FindOnlyActive(Rollout rollout)
    {
        V1ReplicaSet[] active = [.. rollout.Active];
        return active.Length switch
        {
            0 => rollout.New ?? (rollout.Old.Count > 0 ? rollout.Old[^1] : null),
            1 => active[0],
            _ => null,
        };
    }

    private static bool IsSaturated(Rollout rollout) =>
        rollout.New is { } set
        && set.DesiredReplicas() == rollout.Bounds.Replicas
        && set.AvailableReplicas() == rollout.Bounds.Replicas
        && DeploymentRevisions.Parse(set.Metadata.Annotations, DeploymentNames.DesiredReplicas) == rollout.Bounds.Replicas;

    private static void ScaleProportionally(Rollout rollout)
    {
        var allowed = rollout.Bounds.Replicas > 0 ? rollout.Bounds.MaxTotal : 0;
        var toAdd = allowed - rollout.Active.Sum(DeploymentReplicaSets.DesiredReplicas);
        if (toAdd > 0 && rollout.All.Any(s => !s.IsObserved() || s.ActualReplicas() > s.DesiredReplicas()))
        {
            // Pods that are on their way out have to be gone first; their ReplicaSet's status will wake this Deployment.
            return;
        }
        var bySize = rollout.Active.OldestFirst().ToList();
        if (toAdd > 0)
        {
            bySize.Reverse();
        }
        bySize = [.. bySize.OrderByDescending(DeploymentReplicaSets.DesiredReplicas)];
        var sizes = bySize.ConvertAll(DeploymentReplicaSets.DesiredReplicas);
        var added = 0;
        for (var i = 0; i < bySize.Count; i++)
        {
            var share = Proportion(rollout, bySize[i], toAdd - added);
            sizes[i] += share;
            added += share;
        }
        // What rounding left over belongs to the largest.
        sizes[0] = Math.Max(0, sizes[0] + toAdd - added);
        for (var i = 0; i < bySize.Count; i++)
        {
            rollout.RecordDesiredReplicas(bySize[i]);
            rollout.Scale(bySize[i], sizes[i]);
        }
    }

    private static int Proportion(Rollout rollout, V1ReplicaSet set, int left)
    {
        if (left == 0)
        {
            return 0;
        }
        var share = Fraction(rollout, set);
        return left > 0 ? Math.Min(share, left) : Math.Max(share, left);
    }

    private static int Fraction(Rollout rollout, V1ReplicaSet set)
    {
        if (rollout.Bounds.Replicas == 0)
        {
            return -set.DesiredReplicas();
        }
        var before = DeploymentRevisions.Parse(set.Metadata.Annotations, DeploymentNames.MaxReplicas) ?? 0;
        if (before <= 0)
        {
            before = Math.Max(1, rollout.Status.Replicas ?? 0);
        }
        return (int)Math.Round((double)set.DesiredReplicas() * rollout.Bounds.MaxTotal / before, MidpointRounding.AwayFromZero)
            - set.DesiredReplicas();
    }
}
