using System.Runtime.CompilerServices;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Watching;
using Petrel.Model.Api;
using Petrel.Model.Determinism;

namespace Petrel.ApiServer.Verbs;

/// <summary>
/// GET with <c>watch=true</c>: changes as they commit, from a revision or from the current state, until the client leaves, the
/// time is over, or the client has fallen too far behind.
/// </summary>
internal sealed class WatchVerb(ServerParts parts)
{
    // Enough to keep the number of writes low when much happens, little enough to start sending at once.
    private const int EventsPerRead = 128;
    private const int ChunkBytes = 64 * 1024;

    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var options = ListOptions.Read(request.Http, request.Kind, watch: true, request.Key.Name);
        var form = WatchForms.Of(request, parts.Time);
        if (options.ResourceVersion is null || options.SendInitialEvents)
        {
            await Freshness.WaitAsync(parts, options.ResourceVersion is 0 ? null : options.ResourceVersion, cancellationToken);
        }
        else
        {
            // A later revision is simply waited for: its events have not happened yet.
            await parts.Caches.WaitForAsync(0, cancellationToken);
        }
        return new ApiResponse { StatusCode = 200, Stream = StreamAsync(request, options, form, cancellationToken) };
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> StreamAsync(
        ResourceRequest request,
        ListOptions options,
        IWatchForm form,
        CancellationToken requestEnded,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var cache = parts.Caches.Of(request.Kind);
        var signal = new WatchSignal();
        using var first = requestEnded.Register(signal.Wake);
        using var second = cancellationToken.Register(signal.Wake);
        var filter = new WatchFilter(request.PathPrefix, options);
        var initial = options.ResourceVersion is null or 0 ? !options.SendInitialEventsGiven || options.SendInitialEvents : options.SendInitialEvents;
        Snapshot? snapshot = null;
        long place;
        if (initial || options.ResourceVersion is null or 0)
        {
            snapshot = cache.Watch(signal, out place);
        }
        else if (!cache.TryWatch(options.ResourceVersion!.Value, signal, out place, out var oldest))
        {
            var status = StatusErrors.TooOld(options.ResourceVersion.Value, oldest).ToStatus();
            yield return CacheEvent.MakeFrame("ERROR", JsonBytes.Of(status).Span);
            yield break;
        }
        try
        {
            var sent = snapshot?.Revision ?? options.ResourceVersion!.Value;
            var chunk = new ChunkBuilder(ChunkBytes);
            if (snapshot is not null && initial)
            {
                var (start, end) = snapshot.Range(request.PathPrefix, null);
                foreach (var item in snapshot.Between(start, end))
                {
                    if (options.SelectsAll || options.Matches(item))
                    {
                        chunk.Add(form.Initial(item));
                        if (chunk.IsFull)
                        {
                            yield return chunk.Take();
                        }
                    }
                }
                if (options.SendInitialEvents && options.AllowBookmarks)
                {
                    chunk.Add(form.Bookmark(sent, initialEventsEnd: true));
                }
                if (!chunk.IsEmpty)
                {
                    yield return chunk.Take();
                }
            }
            var events = new CacheEvent[EventsPerRead];
            using var clock = new WatchClock(parts.Time, TimeoutOf(options), options.AllowBookmarks ? parts.Options.BookmarkInterval : null, signal);
            while (!requestEnded.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                if (!cache.TryRead(ref place, events, out var count, out var seen))
                {
                    yield break;
                }
                for (var i = 0; i < count; i++)
                {
                    if (filter.TypeOf(events[i]) is { } type && events[i].Revision > (options.ResourceVersion ?? 0))
                    {
                        chunk.Add(form.Event(events[i], type));
                    }
                    if (chunk.IsFull)
                    {
                        yield return chunk.Take();
                    }
                }
                Array.Clear(events, 0, count);
                if (!chunk.IsEmpty)
                {
                    yield return chunk.Take();
                }
                if (count == events.Length)
                {
                    continue;
                }
                var ended = clock.TimeIsOver;
                if (clock.TakeBookmark() && seen >= sent)
                {
                    sent = seen;
                    yield return form.Bookmark(seen, initialEventsEnd: false);
                }
                if (ended)
                {
                    yield break;
                }
                if (count == 0)
                {
                    await signal.WaitAsync();
                }
            }
        }
        finally
        {
            cache.EndWatch(signal);
        }
    }

    private TimeSpan TimeoutOf(ListOptions options) => options.TimeoutSeconds is { } seconds and > 0
        ? TimeSpan.FromSeconds(Math.Min(seconds, 365L * 24 * 3600))
        : parts.Options.MinWatchTimeout * (1 + parts.Entropy.NextDouble());
}
