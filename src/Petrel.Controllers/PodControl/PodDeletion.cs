using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.PodControl;

/// <summary>Deletes of pods that a controller has chosen from its cache, which may be out of date.</summary>
internal static class PodDeletion
{
    // Each attempt after the first needs a write of somebody else in between.
    private const int MaxAttempts = 5;

    /// <summary>
    /// Deletes a pod gracefully. Returns false when it was gone already. A pod that was not ready in the cache was chosen for that: rolling
    /// updates delete unavailable pods without counting them, and scaling down prefers them. So it is deleted on the condition that it has
    /// not changed (uid and resourceVersion), and again while it has changed and still is not ready. When it is ready by now, or belongs to
    /// another owner, the delete fails with a conflict, as soon as the cache shows the changed pod, so that the controller plans again.
    /// </summary>
    public static async ValueTask<bool> DeleteUnlessRecoveredAsync(
        this ApiClient client,
        SharedCache<V1Pod> cache,
        V1Pod pod,
        CancellationToken cancellationToken
    )
    {
        var mayRecover = pod.IsActive() && !pod.IsReady();
        var seen = pod;
        for (var attempt = 1; ; attempt++)
        {
            var preconditions = new V1Preconditions
            {
                Uid = pod.Metadata.Uid,
                ResourceVersion = mayRecover ? seen.Metadata.ResourceVersion : null,
            };
            if (await client.DeleteAsync<V1Pod>(pod.Key(), new() { Preconditions = preconditions }, cancellationToken))
            {
                return true;
            }
            // An earlier request whose answer was lost may have deleted it: then it has another resourceVersion too.
            if (
                !mayRecover
                || await client.FindAsync<V1Pod>(pod.Key(), cancellationToken) is not { Metadata.DeletionTimestamp: null } live
                || live.Metadata.Uid != pod.Metadata.Uid
            )
            {
                return false;
            }
            if (attempt == MaxAttempts || live.IsReady() || live.ControllerReference()?.Uid != pod.ControllerReference()?.Uid)
            {
                await cache.WaitForWriteAsync(live, cancellationToken);
                throw Outdated(pod);
            }
            seen = live;
        }
    }

    private static ApiException Outdated(V1Pod pod) =>
        new(
            409,
            new()
            {
                Code = 409,
                Reason = "Conflict",
                Message = $"pod {pod.Metadata.Name} has changed since the cache showed it as not ready",
            }
        );
}
