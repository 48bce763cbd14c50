using System.Globalization;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Objects;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Maintenance;

/// <summary>
/// Deletes events that have not been updated for <see cref="ApiServerOptions.EventTtl"/>; upstream uses leases in etcd.
/// </summary>
internal sealed class EventExpiry(
    ApiServerOptions options,
    IRevisionedStore store,
    CacheHub caches,
    TimeProvider time,
    BackgroundRetry retry
)
{
    // A compromise: events expire at most a twelfth of the TTL late, and all events are read twelve times per TTL.
    private const int RoundsPerTtl = 12;

    private const int AtOnce = 500;

    private static readonly string[][] Times =
    [
        ["lastTimestamp"],
        ["series", "lastObservedTime"],
        ["eventTime"],
        ["metadata", "creationTimestamp"],
    ];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            await Task.Delay(options.EventTtl / RoundsPerTtl, time, cancellationToken);
            await retry.RunAsync(
                "Removing expired events",
                token => RemoveAsync(time.GetUtcNow() - options.EventTtl, token),
                cancellationToken
            );
        }
    }

    private async ValueTask RemoveAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var kind = EventKind.Definition;
        var old = new List<StoreOperation>();
        foreach (var item in caches.Of(kind).Current.Objects)
        {
            if (LastWritten(item.Object!) is { } written && written < before)
            {
                // On the condition that it is unchanged: an event that is updated now stays.
                old.Add(new(kind.StorePrefix + item.Path, null, item.Object!.Revision));
            }
        }
        foreach (var some in old.Chunk(AtOnce))
        {
            if (!(await store.CommitAsync(some, cancellationToken)).Succeeded)
            {
                foreach (var one in some)
                {
                    await store.CommitAsync([one], cancellationToken);
                }
            }
        }
    }

    private static DateTimeOffset? LastWritten(WireObject value)
    {
        using var document = value.Parse();
        DateTimeOffset? last = null;
        foreach (var path in Times)
        {
            if (
                DateTimeOffset.TryParse(
                    document.RootElement.Text(path),
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal,
                    out var time
                ) && !(time <= last)
            )
            {
                last = time;
            }
        }
        return last;
    }
}
