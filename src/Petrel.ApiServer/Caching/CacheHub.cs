using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Caching;

/// <summary>
/// Feeds the caches of all kinds from one watch of the store: one wake-up for each commit, however many kinds there are, and one
/// revision that all caches have reached.
/// </summary>
internal sealed class CacheHub
{
    /// <summary>The key prefix of objects. Other keys, such as allocations, are not visible through the API.</summary>
    private const string Root = "/registry/";

    private readonly IRevisionedStore _store;
    private readonly int _window;
    private readonly Lock _gate = new();

    // Replaced, never changed: readers take no lock.
    private volatile Dictionary<string, KindCache> _byPrefix = [];
    private readonly CacheProgress _progress = new();

    public CacheHub(IRevisionedStore store, IEnumerable<KindDefinition> kinds, int window, ILogger? log = null)
    {
        Broken = new(log ?? NullLogger.Instance);
        _store = store;
        _window = window;
        foreach (var kind in kinds)
        {
            // Versions of one resource share their storage.
            _byPrefix.TryAdd(kind.StorePrefix, new KindCache(kind.Storage ?? kind, window, _progress, Broken));
        }
    }

    /// <summary>
    /// Adds the cache of a kind, for example of a new custom resource, and completes when it is loaded. Does nothing when the objects
    /// are cached already, in any version.
    /// </summary>
    public async ValueTask FollowAsync(KindDefinition kind, CancellationToken cancellationToken)
    {
        while (true)
        {
            var revision = _progress.Revision;
            var objects = await _store.RangeAsync(kind.StorePrefix, revision, null, 0, cancellationToken);
            lock (_gate)
            {
                if (_byPrefix.ContainsKey(kind.StorePrefix))
                {
                    return;
                }
                // The snapshot is usable only if no change was applied since: otherwise read again.
                if (_progress.Revision == revision)
                {
                    var cache = new KindCache(kind.Storage ?? kind, _window, _progress, Broken);
                    cache.Load(objects.Entries, revision);
                    _byPrefix = new(_byPrefix) { [kind.StorePrefix] = cache };
                    return;
                }
            }
        }
    }

    /// <summary>Removes the cache of a kind; its watches end.</summary>
    public void Forget(string storePrefix)
    {
        KindCache? cache;
        lock (_gate)
        {
            var rest = new Dictionary<string, KindCache>(_byPrefix);
            rest.Remove(storePrefix, out cache);
            _byPrefix = rest;
        }
        cache?.Close();
    }

    /// <summary>The stored objects that can't be read.</summary>
    public BrokenObjects Broken { get; }

    /// <summary>The revision that all caches have reached; -1 before they are loaded.</summary>
    public long Revision => _progress.Revision;

    /// <summary>The cache of a kind's objects.</summary>
    /// <exception cref="StatusException">The kind is not served any more.</exception>
    public KindCache Of(KindDefinition kind) => _byPrefix.GetValueOrDefault(kind.StorePrefix) ?? throw StatusErrors.NoSuchResource();

    /// <summary>The cache of a kind's objects, or null when the kind is not stored or not served any more.</summary>
    public KindCache? Find(KindDefinition kind) => _byPrefix.GetValueOrDefault(kind.StorePrefix);

    /// <summary>Completes when reads from the caches show everything that is committed now.</summary>
    public Task WaitUntilCurrentAsync(CancellationToken cancellationToken) =>
        _progress.WaitForAsync(_store.CurrentRevision, cancellationToken);

    public Task WaitForAsync(long revision, CancellationToken cancellationToken) => _progress.WaitForAsync(revision, cancellationToken);

    /// <summary>Loads the caches, then follows the store until cancelled or the store is closed. Watches end with it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            // Replay some history, so that watches from before a restart can resume.
            var start = Math.Max(_store.CompactedRevision, _store.CurrentRevision - _window);
            if (start > 0)
            {
                Load(await _store.RangeAsync(Root, start, null, 0, cancellationToken));
            }
            else
            {
                start = 0;
            }
            _progress.MoveTo(start);
            await foreach (var batch in _store.WatchAsync(Root, start, cancellationToken))
            {
                Apply(batch);
            }
        }
        finally
        {
            _progress.Close();
            foreach (var cache in _byPrefix.Values)
            {
                cache.Close();
            }
        }
    }

    private void Load(RangeResult objects)
    {
        var byPrefix = objects.Entries.GroupBy(e => PrefixOf(e.Key)).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var (prefix, cache) in _byPrefix)
        {
            cache.Load(byPrefix.GetValueOrDefault(prefix) ?? [], objects.Revision);
        }
    }

    private void Apply(WatchBatch batch)
    {
        lock (_gate)
        {
            ApplyToCaches(batch);
        }
        _progress.MoveTo(batch.UpTo);
    }

    private void ApplyToCaches(WatchBatch batch)
    {
        if (batch.Changes.Count == 1)
        {
            if (_byPrefix.TryGetValue(PrefixOf(batch.Changes[0].Key), out var cache))
            {
                cache.Apply(batch.Changes, batch.UpTo);
            }
        }
        else if (batch.Changes.Count > 1)
        {
            foreach (var group in batch.Changes.GroupBy(c => PrefixOf(c.Key)))
            {
                if (_byPrefix.TryGetValue(group.Key, out var cache))
                {
                    cache.Apply([.. group], batch.UpTo);
                }
            }
        }
    }

    // /registry/GROUP/PLURAL/
    private static string PrefixOf(string key)
    {
        var group = key.IndexOf('/', Root.Length);
        var plural = group < 0 ? -1 : key.IndexOf('/', group + 1);
        return plural < 0 ? "" : key[..(plural + 1)];
    }
}
