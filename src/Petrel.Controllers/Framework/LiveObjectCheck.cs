using k8s;
using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Framework;

/// <summary>
/// Checks with the API whether a cached object is up to date before a controller acts on it. Caches of different kinds lag by different
/// amounts: pods and revisions of a new template may be in their caches while the owner's cache still shows the old template. A controller
/// that acted on that state would undo a rollout. (Upstream: <c>RecheckDeletionTimestamp</c>, which only guards adoption.)
/// </summary>
/// <param name="client">Reads the live object.</param>
/// <param name="cache">The cache that may lag.</param>
/// <param name="isSame">What else must be equal in the live and the cached object; by default uid, generation and being deleted.</param>
internal sealed class LiveObjectCheck<T>(ApiClient client, SharedCache<T> cache, Func<T, T, bool>? isSame = null)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Whether the live object is the cached one. If not, returns when the cache has caught up.</summary>
    public async ValueTask<bool> IsUpToDateAsync(T value, CancellationToken cancellationToken)
    {
        var key = value.Key();
        var live = await client.FindAsync<T>(key, cancellationToken);
        if (live is null)
        {
            await cache.WaitUntilAsync(() => cache.Get(key)?.Metadata.Uid != value.Metadata.Uid, cancellationToken);
            return false;
        }
        var same =
            live.Metadata.Uid == value.Metadata.Uid
            && live.Metadata.Generation == value.Metadata.Generation
            && live.Metadata.DeletionTimestamp is null == value.Metadata.DeletionTimestamp is null
            && isSame?.Invoke(live, value) != false;
        if (!same)
        {
            await cache.WaitForWriteAsync(live, cancellationToken);
        }
        return same;
    }
}
