namespace Petrel.ApiServer;

/// <summary>Forgets the store's history older than a while, as upstream does every five minutes.</summary>
internal sealed class Compactor(ServerParts parts)
{
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var previous = 0L;
        while (true)
        {
            await Task.Delay(parts.Options.CompactionInterval, parts.Time, cancellationToken);
            // What the caches have not taken in yet must stay.
            if (previous > 0 && previous <= parts.Caches.Revision)
            {
                await parts.Store.CompactAsync(previous, cancellationToken);
            }
            previous = parts.Store.CurrentRevision;
        }
    }
}
