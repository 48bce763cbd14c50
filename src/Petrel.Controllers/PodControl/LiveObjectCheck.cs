using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.PodControl;

/// <summary>
/// Whether an object in the cache asks for what it asks for now. Caches of different kinds may be behind by different amounts: a new
/// template may have pods and a revision already while its owner is still shown with the old one, and whoever acts on that undoes a
/// rollout.
/// </summary>
internal sealed class LiveObjectCheck<T>(ApiClient client, SharedCache<T> cache)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Asks the API. When the object is not the newest, returns when the cache has caught up.</summary>
    public async ValueTask<bool> IsUpToDateAsync(T value, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(value.Metadata.NamespaceProperty, value.Metadata.Name);
        var live = await client.FindAsync<T>(key, cancellationToken);
        if (live is null)
        {
            await cache.WaitUntilAsync(() => cache.Get(key)?.Metadata.Uid != value.Metadata.Uid, cancellationToken);
            return false;
        }
        var same =
            live.Metadata.Uid == value.Metadata.Uid
            && live.Metadata.Generation == value.Metadata.Generation
            && live.Metadata.DeletionTimestamp is null == value.Metadata.DeletionTimestamp is null;
        if (!same)
        {
            await cache.WaitForRevisionAsync(ulong.Parse(live.Metadata.ResourceVersion), cancellationToken);
        }
        return same;
    }
}
