using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>
/// The metadata of all objects of one kind, kept current by list and watch: a <see cref="SharedCache{T}"/> for kinds without types.
/// <paramref name="changed"/> is called for each change in order; it must be quick and must not throw.
/// </summary>
public sealed partial class MetadataCache(
    ResourceKind kind,
    MetadataClient client,
    TimeProvider time,
    ILogger logger,
    Action<CacheChange<ObjectMetadata>> changed
)
{
    // Whoever follows every kind has many watches that all end at once: they come back less and less often while the server is away.
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(4);

    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ImmutableSortedDictionary<ObjectKey, ObjectMetadata> _objects = ImmutableSortedDictionary<
        ObjectKey,
        ObjectMetadata
    >.Empty;
    private ulong _revision;

    public ResourceKind Kind => kind;

    /// <summary>Completes when the first list is in the cache.</summary>
    public Task Synced => _synced.Task;

    /// <summary>A consistent snapshot, in key order.</summary>
    public ImmutableSortedDictionary<ObjectKey, ObjectMetadata> Snapshot => _objects;

    /// <summary>Lists and watches until cancelled; every failure is followed by another try.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var listed = false;
        var retry = FirstRetry;
        while (!cancellationToken.IsCancellationRequested)
        {
            var since = time.GetTimestamp();
            try
            {
                if (!listed)
                {
                    var (items, revision) = await client.ListAsync(kind, "", cancellationToken);
                    Replace(items);
                    _revision = revision;
                    listed = true;
                    _synced.TrySetResult();
                }
                await foreach (var change in client.WatchAsync(kind, _revision, cancellationToken))
                {
                    Apply(change);
                    _revision = Math.Max(_revision, change.Revision);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException e) when (e.IsGone)
            {
                listed = false;
            }
            catch (Exception e) when (e is ApiException or IOException or HttpRequestException or OperationCanceledException)
            {
                LogRetry(logger, kind, e.Message);
            }
            if (time.GetElapsedTime(since) > LastRetry)
            {
                // It went well for a while.
                retry = FirstRetry;
            }
            try
            {
                await Task.Delay(retry, time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
        }
    }

    private void Replace(IReadOnlyList<ObjectMetadata> items)
    {
        var fresh = items.ToImmutableSortedDictionary(item => item.Key, item => item);
        foreach (var (key, old) in _objects)
        {
            // Deleted and created again while the watch was away: both are told.
            if (!fresh.TryGetValue(key, out var item) || item.Uid != old.Uid)
            {
                Store(old, null);
            }
        }
        foreach (var (key, item) in fresh)
        {
            var old = _objects.GetValueOrDefault(key);
            if (old?.ResourceVersion != item.ResourceVersion)
            {
                Store(old, item);
            }
        }
    }

    private void Apply(MetadataEvent change)
    {
        if (change.Object is not { } value)
        {
            return;
        }
        var old = _objects.GetValueOrDefault(value.Key);
        if (change.Kind != WatchEventKind.Deleted)
        {
            Store(old, value);
        }
        else if (old is not null)
        {
            Store(value, null);
        }
    }

    private void Store(ObjectMetadata? old, ObjectMetadata? value)
    {
        _objects = value is null ? _objects.Remove(old!.Key) : _objects.SetItem(value.Key, value);
        changed(new(old, value));
    }

    [LoggerMessage(
        EventId = 3002,
        Level = LogLevel.Warning,
        Message = "Watching the metadata of {Kind} was interrupted and will be tried again: {Reason}"
    )]
    private static partial void LogRetry(ILogger logger, ResourceKind kind, string reason);
}
