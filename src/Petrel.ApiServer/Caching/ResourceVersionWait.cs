using Petrel.ApiServer.Errors;
using Petrel.Store;

namespace Petrel.ApiServer.Caching;

/// <summary>Holds a read back until the caches have reached the resourceVersion that it asks for.</summary>
internal sealed class ResourceVersionWait(ApiServerOptions options, IRevisionedStore store, CacheHub caches, TimeProvider time)
{
    /// <summary>
    /// Without a revision: as new as the store is now. With one: at least that, and 0 is anything.
    /// </summary>
    /// <exception cref="StatusException">The revision is not committed within <see cref="ApiServerOptions.FreshnessTimeout"/>.</exception>
    public async ValueTask WaitAsync(long? revision, CancellationToken cancellationToken)
    {
        if (revision is null)
        {
            await caches.WaitUntilCurrentAsync(cancellationToken);
        }
        else if (revision.Value <= store.CurrentRevision)
        {
            await caches.WaitForAsync(revision.Value, cancellationToken);
        }
        else
        {
            using var limit = new CancellationTokenSource(options.FreshnessTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            try
            {
                await caches.WaitForAsync(revision.Value, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw StatusErrors.TooLargeResourceVersion(revision.Value, caches.Revision);
            }
        }
    }
}
