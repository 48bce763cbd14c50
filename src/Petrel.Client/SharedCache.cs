using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Model;
using Petrel.Model.Determinism;

namespace Petrel.Client;

/// <summary>A change in a <see cref="SharedCache{T}"/>: <see cref="Old"/> is null for additions, <see cref="New"/> for deletions.</summary>
public readonly record struct CacheChange<T>(T? Old, T? New)
{
    /// <summary>The latest known state: the new object, or the last one before a deletion.</summary>
    public T Latest => New ?? Old!;
}

/// <summary>
/// The objects of one kind, kept current by list and watch (upstream: a shared informer). Reads never block and never call the server, so
/// they may be stale. Objects from the cache are shared: treat them as immutable.
/// </summary>
public sealed class SharedCache<T>(ApiClient client, TimeProvider time, IEntropy entropy, ILogger logger, string? fieldSelector = null)
    : IListWatchSource
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Lock _gate = new();
    private readonly List<Action<CacheChange<T>>> _handlers = [];
    private readonly List<(Func<bool> Condition, TaskCompletionSource Done)> _waiters = [];
    private readonly Dictionary<string, Index> _indexes = new(StringComparer.Ordinal);
    private volatile ImmutableSortedDictionary<ObjectKey, T> _objects = ImmutableSortedDictionary<ObjectKey, T>.Empty;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when the first list is in the cache.</summary>
    public Task Synced => _synced.Task;

    /// <summary>The cache contains every change up to this resourceVersion.</summary>
    public ulong Revision { get; private set; }

    public T? Get(ObjectKey key) => _objects.GetValueOrDefault(key);

    /// <summary>A consistent snapshot, in key order.</summary>
    public ImmutableSortedDictionary<ObjectKey, T> Snapshot => _objects;

    /// <summary>Registers an index before <see cref="RunAsync"/>. <paramref name="keysOf"/> returns the index keys of an object.</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> keysOf) => _indexes.Add(name, new Index(keysOf));

    /// <summary>The objects that have <paramref name="indexKey"/> in the index called <paramref name="name"/>, in key order.</summary>
    public IEnumerable<T> ByIndex(string name, string indexKey)
    {
        lock (_gate)
        {
            return _indexes[name].Entries.TryGetValue(indexKey, out var found) ? found.Values : [];
        }
    }

    /// <summary>
    /// Registers a handler before <see cref="RunAsync"/>. It is called in order, one change at a time, after the cache contains the change.
    /// It must be quick and must not throw; typically it adds keys to a work queue.
    /// </summary>
    public void OnChange(Action<CacheChange<T>> handler) => _handlers.Add(handler);

    /// <summary>Completes when the cache contains every change up to <paramref name="revision"/> (an object's resourceVersion).</summary>
    public ValueTask WaitForRevisionAsync(ulong revision, CancellationToken cancellationToken) =>
        WaitUntilAsync(() => Revision >= revision, cancellationToken);

    /// <summary>
    /// Completes when <paramref name="condition"/> holds for this cache. The condition is evaluated immediately and after each change. A
    /// controller uses this to wait for its own writes before it acts on the cache again.
    /// </summary>
    public async ValueTask WaitUntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        TaskCompletionSource done;
        lock (_gate)
        {
            if (condition())
            {
                return;
            }
            done = new(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((condition, done));
        }
        using var registration = cancellationToken.Register(() => done.TrySetCanceled(cancellationToken));
        await done.Task;
    }

    /// <summary>Lists and watches until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => new ListWatch(this, time, entropy, logger).RunAsync(cancellationToken);

    string IListWatchSource.Name => typeof(T).Name;

    async ValueTask<ulong> IListWatchSource.ListAsync(CancellationToken cancellationToken)
    {
        var (items, revision) = await client.ListAsync<T>("", null, fieldSelector, shared: true, cancellationToken);
        Replace(items, revision);
        _synced.TrySetResult();
        return revision;
    }

    async IAsyncEnumerable<ulong> IListWatchSource.WatchAsync(ulong revision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var change in client.WatchAsync<T>("", revision, null, fieldSelector, shared: true, cancellationToken))
        {
            Apply(change);
            yield return change.Revision;
        }
    }

    private void Replace(IReadOnlyList<T> items, ulong revision)
    {
        var fresh = items.ToImmutableSortedDictionary(item => item.Key(), item => item);
        foreach (var (key, old) in _objects)
        {
            if (!fresh.ContainsKey(key))
            {
                Store(key, old, null, Revision);
            }
        }
        foreach (var (key, item) in fresh)
        {
            var old = _objects.GetValueOrDefault(key);
            if (old is not null && old.Metadata.Uid != item.Metadata.Uid)
            {
                // The object was deleted and recreated while the watch was interrupted: handlers see the deletion and the addition.
                Store(key, old, null, Revision);
                old = null;
            }
            if (old?.Metadata.ResourceVersion != item.Metadata.ResourceVersion)
            {
                Store(key, old, item, Revision);
            }
        }
        Advance(revision);
    }

    private void Apply(WatchEvent<T> change)
    {
        if (change.Object is { } value)
        {
            var key = value.Key();
            var old = _objects.GetValueOrDefault(key);
            if (change.Kind == WatchEventKind.Deleted)
            {
                if (old is not null)
                {
                    Store(key, value, null, change.Revision);
                }
            }
            else
            {
                Store(key, old, value, change.Revision);
            }
        }
        Advance(change.Revision);
    }

    private void Store(ObjectKey key, T? old, T? value, ulong revision)
    {
        lock (_gate)
        {
            var previous = _objects.GetValueOrDefault(key);
            _objects = value is null ? _objects.Remove(key) : _objects.SetItem(key, value);
            foreach (var index in _indexes.Values)
            {
                string[] before = previous is null ? [] : [.. index.KeysOf(previous)];
                string[] after = value is null ? [] : [.. index.KeysOf(value)];
                index.Entries = Reindex(index.Entries, key, before.AsSpan().SequenceEqual(after) ? [] : before, value, after);
            }
        }
        foreach (var handler in _handlers)
        {
            handler(new(old, value));
        }
    }

    private static ImmutableSortedDictionary<string, ImmutableSortedDictionary<ObjectKey, T>> Reindex(
        ImmutableSortedDictionary<string, ImmutableSortedDictionary<ObjectKey, T>> entries,
        ObjectKey key,
        IEnumerable<string> oldKeys,
        T? value,
        IEnumerable<string> newKeys
    )
    {
        foreach (var oldKey in oldKeys)
        {
            if (entries.TryGetValue(oldKey, out var bucket))
            {
                bucket = bucket.Remove(key);
                entries = bucket.IsEmpty ? entries.Remove(oldKey) : entries.SetItem(oldKey, bucket);
            }
        }
        foreach (var newKey in newKeys)
        {
            var bucket = entries.GetValueOrDefault(newKey) ?? ImmutableSortedDictionary<ObjectKey, T>.Empty;
            entries = entries.SetItem(newKey, bucket.SetItem(key, value!));
        }
        return entries;
    }

    private void Advance(ulong revision)
    {
        List<TaskCompletionSource> ready = [];
        lock (_gate)
        {
            Revision = Math.Max(Revision, revision);
            for (var i = _waiters.Count - 1; i >= 0; i--)
            {
                if (_waiters[i].Done.Task.IsCompleted || _waiters[i].Condition())
                {
                    ready.Add(_waiters[i].Done);
                    _waiters.RemoveAt(i);
                }
            }
        }
        ready.ForEach(done => done.TrySetResult());
    }

    private sealed class Index(Func<T, IEnumerable<string>> keysOf)
    {
        public Func<T, IEnumerable<string>> KeysOf => keysOf;

        public ImmutableSortedDictionary<string, ImmutableSortedDictionary<ObjectKey, T>> Entries { get; set; } =
            ImmutableSortedDictionary.Create<string, ImmutableSortedDictionary<ObjectKey, T>>(StringComparer.Ordinal);
    }
}
