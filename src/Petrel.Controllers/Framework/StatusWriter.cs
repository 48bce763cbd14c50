using k8s;
using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Framework;

/// <summary>Writes the status of objects of one kind.</summary>
internal sealed class StatusWriter<T>(ApiClient client, SharedCache<T> cache)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>
    /// Writes a copy of <paramref name="value"/> with another status, and returns when the cache shows it. The resourceVersion in the copy
    /// makes the write fail with a conflict when the cached object is out of date; the key is then synced again.
    /// </summary>
    public async ValueTask WriteAsync(T value, Action<T> setStatus, CancellationToken cancellationToken)
    {
        var copy = value.DeepCopy();
        setStatus(copy);
        var written = await client.UpdateStatusAsync(copy, cancellationToken);
        await cache.WaitForWriteAsync(written, cancellationToken);
    }
}
