using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// Scales a Deployment without continuing its rollout. During a rolling update, each ReplicaSet gets its share of the change, so that the
/// risk of the new template stays the same.
/// </summary>
internal static class ProportionalScaling
{
    /// <summary>
    /// Whether the Deployment's size differs from the one that its ReplicaSets were last scaled for. Only a rolling update scales several
    /// ReplicaSets; with Recreate, all but one are scaled down to zero.
    /// </summary>
    public static bool IsNeeded(Rollout rollout) =>
        (RolloutBounds.IsRolling(rollout.Deployment.Spec) || rollout.Active.Count() <= 1)
        && rollout.Active.Any(s =>
            DeploymentRevisions.Parse(s.Metadata.Annotations, DeploymentNames.DesiredReplicas) is { } recorded
            && recorded != rollout.Bounds.Replicas
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

    // The only ReplicaSet with pods. If there is none, the ReplicaSet that should get pods.
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
            // Surplus pods must be gone first. The status of their ReplicaSet will enqueue this Deployment.
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
        // The largest ReplicaSet gets the rest from rounding.
        sizes[0] = Math.Max(0, sizes[0] + toAdd - added);
        for (var i = 0; i < bySize.Count; i++)
        {
            rollout.RecordDesiredReplicas(bySize[i]);
            rollout.Scale(bySize[i], sizes[i]);
        }
    }

    private static int Proportion(Rollout rollout, V1ReplicaSet set, int remaining)
    {
        if (remaining == 0)
        {
            return 0;
        }
        var share = Fraction(rollout, set);
        return remaining > 0 ? Math.Min(share, remaining) : Math.Max(share, remaining);
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
