namespace Petrel.Controllers.Deployments;

/// <summary>Deletes old ReplicaSets beyond <c>spec.revisionHistoryLimit</c> (upstream: cleanupDeployment).</summary>
internal static class OldReplicaSetCleanup
{
    public static void Plan(Rollout rollout)
    {
        if (rollout.Deployment.Spec.RevisionHistoryLimit is not { } limit || limit == int.MaxValue)
        {
            return;
        }
        var old = rollout.Old.Where(s => s.Metadata.DeletionTimestamp is null).ToList();
        var oldest = old.OrderBy(DeploymentRevisions.Of).Take(Math.Max(0, old.Count - limit));
        foreach (var set in oldest.Where(s => s.PossibleReplicas() == 0 && rollout.PlannedReplicas(s) == 0 && s.IsObserved()))
        {
            rollout.Add(new DeleteReplicaSet(set));
        }
    }
}
