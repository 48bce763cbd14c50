using k8s;
using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Framework;

/// <summary>Waits until a cache shows a write, so that the next plan is not made from a state before it.</summary>
internal static class SharedCacheExtensions
{
    /// <summary>Completes when the cache shows the object as it was written, or a later version.</summary>
    public static ValueTask WaitForWriteAsync<T>(this SharedCache<T> cache, T written, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => cache.WaitForRevisionAsync(written.Revision(), cancellationToken);

    /// <summary>Completes when the object is gone, or <paramref name="condition"/> holds of it.</summary>
    public static ValueTask WaitUntilAsync<T>(
        this SharedCache<T> cache,
        T value,
        Func<T, bool> condition,
        CancellationToken cancellationToken
    )
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var key = value.Key();
        return cache.WaitUntilAsync(
            () => cache.Get(key) is not { } seen || seen.Metadata.Uid != value.Metadata.Uid || condition(seen),
            cancellationToken
        );
    }

    /// <summary>Completes when the object is gone or being deleted.</summary>
    public static ValueTask WaitForDeletionAsync<T>(this SharedCache<T> cache, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        cache.WaitUntilAsync(value, seen => seen.Metadata.DeletionTimestamp is not null, cancellationToken);

    /// <summary>Completes when the object is gone.</summary>
    public static ValueTask WaitForRemovalAsync<T>(this SharedCache<T> cache, T value, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta> => cache.WaitUntilAsync(value, _ => false, cancellationToken);
}
