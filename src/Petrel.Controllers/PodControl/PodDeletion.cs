using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.PodControl;

/// <summary>Deletes of pods that a rolling update has chosen.</summary>
internal static class PodDeletion
{
    /// <summary>
    /// Deletes a pod gracefully. Returns false when it was gone already. A pod that was not ready in the cache is deleted only if it has
    /// not changed since: a rolling update deletes unavailable pods without counting them, and this one may be available by now. Otherwise
    /// the delete fails with a conflict, as soon as the cache shows the changed pod, so that the controller plans again.
    /// </summary>
    public static async ValueTask<bool> DeleteUnlessRecoveredAsync(
        this ApiClient client,
        SharedCache<V1Pod> cache,
        V1Pod pod,
        CancellationToken cancellationToken
    )
    {
        var mayRecover = pod.IsActive() && !pod.IsReady();
        var preconditions = new V1Preconditions
        {
            Uid = pod.Metadata.Uid,
            ResourceVersion = mayRecover ? pod.Metadata.ResourceVersion : null,
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
        await cache.WaitForWriteAsync(live, cancellationToken);
        throw new ApiException(
            409,
            new()
            {
                Code = 409,
                Reason = "Conflict",
                Message = $"pod {pod.Metadata.Name} has changed since the cache showed it as not ready",
            }
        );
    }
}
