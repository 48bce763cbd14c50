using Petrel.ApiServer.Errors;

namespace Petrel.ApiServer.Verbs;

/// <summary>How new the caches must be before a read is answered from them.</summary>
internal static class Freshness
{
    /// <summary>
    /// Without a revision: as new as the store is now. With one: at least that, and 0 is anything; a revision that does not come
    /// within the time set for it is refused.
    /// </summary>
    public static async ValueTask WaitAsync(ServerParts parts, long? revision, CancellationToken cancellationToken)
    {
        if (revision is null)
        {
            await parts.Caches.WaitUntilCurrentAsync(cancellationToken);
        }
        else if (revision.Value <= parts.Store.CurrentRevision)
        {
            await parts.Caches.WaitForAsync(revision.Value, cancellationToken);
        }
        else
        {
            using var patience = new CancellationTokenSource(parts.Options.FreshnessTimeout, parts.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
            try
            {
                await parts.Caches.WaitForAsync(revision.Value, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw StatusErrors.TooLargeResourceVersion(revision.Value, parts.Caches.Revision);
            }
        }
    }
}
