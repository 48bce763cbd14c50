using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Petrel.Model;
using Petrel.Model.Determinism;

namespace Petrel.Client;

/// <summary>
/// The metadata of all objects of one kind, kept current by list and watch: a <see cref="SharedCache{T}"/> for kinds without C# types.
/// <paramref name="changed"/> is called for each change in order; it must be quick and must not throw.
/// </summary>
public sealed class MetadataCache(
    ResourceKind kind,
    MetadataClient client,
    TimeProvider time,
    IEntropy entropy,
    ILogger logger,
    Action<CacheChange<ObjectMetadata>> changed
) : IListWatchSource
{
    // A client that follows every kind has many watches, and all of them end when the server stops. A longer delay means fewer retries
    // while the server is unavailable.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(4);

    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ImmutableSortedDictionary<ObjectKey, ObjectMetadata> _objects = ImmutableSortedDictionary<
        ObjectKey,
        ObjectMetadata
    >.Empty;

    public ResourceKind Kind => kind;

    /// <summary>Completes when the first list is in the cache.</summary>
    public Task Synced => _synced.Task;

    /// <summary>A consistent snapshot, in key order.</summary>
    public ImmutableSortedDictionary<ObjectKey, ObjectMetadata> Snapshot => _objects;

    /// <summary>Lists and watches until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        new ListWatch(this, time, entropy, logger, LongestDelay).RunAsync(cancellationToken);

    string IListWatchSource.Name => $"the metadata of {kind}";

    async ValueTask<ulong> IListWatchSource.ListAsync(CancellationToken cancellationToken)
    {
        var (items, revision) = await client.ListAsync(kind, "", cancellationToken);
        Replace(items);
        _synced.TrySetResult();
        return revision;
    }

    async IAsyncEnumerable<ulong> IListWatchSource.WatchAsync(ulong revision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var change in client.WatchAsync(kind, revision, cancellationToken))
        {
            Apply(change);
            yield return change.Revision;
        }
    }

    private void Replace(IReadOnlyList<ObjectMetadata> items)
    {
        var fresh = items.ToImmutableSortedDictionary(item => item.Key, item => item);
        foreach (var (key, old) in _objects)
        {
            // The object was deleted and recreated while the watch was interrupted: report the deletion and the addition.
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
}
