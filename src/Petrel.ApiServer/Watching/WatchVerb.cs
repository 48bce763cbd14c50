using System.Runtime.CompilerServices;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Protection;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Model.Documents;
using Petrel.Model.Timing;

namespace Petrel.ApiServer.Watching;

/// <summary>
/// GET with <c>watch=true</c>: changes as they commit, from a revision or from the current state, until the client leaves, the
/// time is over, or the client has fallen too far behind.
/// </summary>
internal sealed class WatchVerb(
    ApiServerOptions settings,
    CacheHub caches,
    TimeProvider time,
    IEntropy entropy,
    ResourceVersionWait revisions,
    RequestLimits limits
)
{
    // Large enough for few writes under load, small enough to start sending at once.
    private const int EventsPerRead = 128;
    private const int ChunkBytes = 64 * 1024;

    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var options = ListOptions.Read(request.Http, request.Kind, watch: true, request.Key.Name);
        var form = WatchForms.Of(request, time);
        if (options.ResourceVersion is null || options.SendInitialEvents)
        {
            await revisions.WaitAsync(options.ResourceVersion is 0 ? null : options.ResourceVersion, cancellationToken);
        }
        else
        {
            // A future revision needs no wait: its events will come.
            await caches.WaitForAsync(0, cancellationToken);
        }
        // Send the current objects first, unless the client asked for none.
        var sendsObjects = options.SendInitialEvents || (options.ResourceVersion is not > 0 && !options.SendInitialEventsGiven);
        var lease = await limits.EnterWatchAsync(request.Info, request.Http, sendsObjects, cancellationToken);
        var cache = caches.Of(request.Kind);
        if (options.ResourceVersion is > 0 && !options.SendInitialEvents)
        {
            var after = options.ResourceVersion.Value;
            if (!cache.TryFind(after, out var next, out var oldest))
            {
                lease.Dispose();
                return Answer(One(CacheEvent.MakeFrame("ERROR", JsonBytes.Of(StatusErrors.TooOld(after, oldest).ToStatus()).Span)));
            }
            return Answer(StreamAsync(request, options, form, new WatchStart(next, after, null, lease), cancellationToken));
        }
        var current = cache.Find(out var place);
        var start = new WatchStart(place, current.Revision, sendsObjects ? current : null, lease);
        return Answer(StreamAsync(request, options, form, start, cancellationToken));
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> StreamAsync(
        ResourceRequest request,
        ListOptions options,
        IWatchForm form,
        WatchStart start,
        CancellationToken requestEnded,
        [EnumeratorCancellation] CancellationToken cancellationToken = default
    )
    {
        var cache = caches.Of(request.Kind);
        var signal = new WatchSignal();
        using var first = requestEnded.Register(signal.Wake);
        using var second = cancellationToken.Register(signal.Wake);
        var filter = new WatchFilter(request.PathPrefix, options);
        var cursor = cache.BeginWatch(signal, start.Place, filter.IndexKeyOf(cache.Kind, request.Kind));
        limits.Watches.Open(request.Http.User.Name);
        try
        {
            var sent = start.Revision;
            var chunk = new ChunkBuilder(ChunkBytes);
            if (start.Shown is { } snapshot)
            {
                var (from, to) = snapshot.Range(request.PathPrefix, null);
                foreach (var stored in snapshot.Between(from, to))
                {
                    var item = stored.As(request.Kind);
                    if (options.SelectsAll || options.Matches(item))
                    {
                        chunk.Add(form.Initial(item));
                        if (chunk.IsFull)
                        {
                            yield return chunk.Take();
                        }
                        if (start.Lease.HasTimedOut)
                        {
                            // The client has not read its first objects in the time that a list would have.
                            yield break;
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
            start.Lease.Dispose();
            var events = new CacheEvent[EventsPerRead];
            using var clock = new WatchClock(time, TimeoutOf(options), options.AllowBookmarks ? settings.BookmarkInterval : null, signal);
            while (!requestEnded.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                if (!cache.TryRead(cursor, events, out var count, out var seen))
                {
                    yield break;
                }
                for (var i = 0; i < count; i++)
                {
                    var change = events[i].As(request.Kind);
                    if (filter.TypeOf(change) is { } type && change.Revision > start.Revision)
                    {
                        chunk.Add(form.Event(change, type));
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
            start.Lease.Dispose();
            limits.Watches.Close(request.Http.User.Name);
            cache.EndWatch(cursor);
        }
    }

    private static ApiResponse Answer(IAsyncEnumerable<ReadOnlyMemory<byte>> stream) => new() { StatusCode = 200, Stream = stream };

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> One(byte[] chunk)
    {
        await Task.CompletedTask;
        yield return chunk;
    }

    private TimeSpan TimeoutOf(ListOptions options) =>
        options.TimeoutSeconds is { } seconds and > 0
            ? LongDurations.ForTimer(LongDurations.FromSeconds(seconds))
            : settings.MinWatchTimeout * (1 + entropy.NextDouble());
}

/// <summary>Where a watch begins.</summary>
/// <param name="Place">Of the first event to read.</param>
/// <param name="Revision">Events at or below it are known to the client, or are not for it.</param>
/// <param name="Shown">What to show first, or null.</param>
/// <param name="Lease">The seats for what is shown first.</param>
internal sealed record WatchStart(long Place, long Revision, Snapshot? Shown, RequestLease Lease);
