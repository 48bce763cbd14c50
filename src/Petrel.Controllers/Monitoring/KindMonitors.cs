using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.Monitoring;

/// <summary>
/// The changes of objects of every kind, for the controllers that work on kinds without knowing them (upstream: the informer factory that
/// garbage collector and quota share). A kind with a typed cache is followed through that cache. All others that some controller follows
/// have one metadata watch together. New kinds are found when discovery is read again.
/// </summary>
public sealed partial class KindMonitors(ApiClient client, ClusterCaches caches, TimeProvider time, IEntropy entropy, ILogger logger)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly ApiDiscovery _discovery = new(client);
    private readonly MetadataClient _metadata = new(client);
    private readonly SortedDictionary<string, Monitor> _monitors = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Follower> _followers = [];
    private readonly HashSet<(string Group, string Plural)> _cached = [.. caches.Kinds.Select(k => (k.Gvk.Group, k.Plural))];
    private volatile DiscoveredKinds _kinds = new([], new SortedDictionary<string, string>(StringComparer.Ordinal));
    private volatile MetadataCache[] _caches = [];
    private volatile TaskCompletionSource _refresh = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The kinds that discovery listed last.</summary>
    public DiscoveredKinds Kinds => _kinds;

    /// <summary>Whether any controller follows kinds; without one there is nothing to run.</summary>
    public bool HasFollowers => _followers.Count > 0;

    /// <summary>
    /// Registers a handler before <see cref="RunAsync"/>. It gets the changes of at least the kinds that <paramref name="follows"/> selects
    /// whenever discovery is read. It must be quick and must not throw. Kinds with a typed cache only show additions, deletions, and
    /// changes of owners, finalizers and deletion time.
    /// </summary>
    /// <param name="follows">Which kinds.</param>
    /// <param name="changed">Gets the changes.</param>
    /// <param name="listed">Called when a kind without a typed cache has its first list: changes from before it are not known.</param>
    public void Follow(
        Func<ResourceKind, bool> follows,
        Action<ResourceKind, CacheChange<ObjectMetadata>> changed,
        Action<ResourceKind>? listed = null
    )
    {
        _followers.Add(new(follows, changed, listed));
        caches.OnLifecycleChange(changed);
    }

    /// <summary>Whether the changes of a kind are known.</summary>
    public bool IsFollowed(ResourceKind kind) =>
        _cached.Contains((kind.Gvk.Group, kind.Plural)) || _caches.Any(c => c.Kind.Root == kind.Root);

    /// <summary>Selects the kinds to follow anew, without waiting for the next reading of discovery.</summary>
    public void Refresh() => _refresh.TrySetResult();

    /// <summary>Completes when discovery was read for the first time.</summary>
    public async ValueTask WaitForKindsAsync(CancellationToken cancellationToken)
    {
        if (!_started.Task.IsCompleted)
        {
            await WaitForAsync(_started.Task, cancellationToken);
        }
    }

    /// <summary>Completes when all known kinds have their first list. Before that, dependents may be missing.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        await WaitForKindsAsync(cancellationToken);
        foreach (var cache in _caches)
        {
            if (!cache.Synced.IsCompleted)
            {
                await WaitForAsync(cache.Synced, cancellationToken);
            }
        }
    }

    /// <summary>Watches until cancelled. Returns when every watch has ended.</summary>
    public async Task RunAsync(TimeSpan period, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await caches.WaitAsync(cancellationToken);
            while (true)
            {
                var delay = period;
                _refresh = new(TaskCreationOptions.RunContinuationsAsynchronously);
                try
                {
                    await SyncAsync(await _discovery.ReadAsync(cancellationToken), cancellationToken);
                    _started.TrySetResult();
                }
                catch (Exception e) when (e is ApiException || ApiFailures.IsTransient(e, cancellationToken))
                {
                    LogUnknownKinds(logger, e.Message);
                    delay = RetryDelay;
                }
                await DelayAsync(delay, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The controllers are being stopped.
        }
        finally
        {
            foreach (var monitor in _monitors.Values)
            {
                await monitor.StopAsync();
            }
        }
    }

    private async Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        var woken = _refresh;
        using var timer = time.CreateTimer(_ => woken.TrySetResult(), null, delay, Timeout.InfiniteTimeSpan);
        using var stop = cancellationToken.Register(() => woken.TrySetResult());
        await woken.Task;
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task SyncAsync(DiscoveredKinds kinds, CancellationToken cancellationToken)
    {
        _kinds = kinds;
        var desired = new SortedDictionary<string, ResourceKind>(StringComparer.Ordinal);
        foreach (var kind in kinds.Preferred.Where(k => !_cached.Contains((k.Gvk.Group, k.Plural))))
        {
            if (_followers.Exists(f => f.Follows(kind)))
            {
                desired[kind.Root] = kind;
            }
        }
        foreach (var (root, monitor) in _monitors.ToArray())
        {
            if (monitor.HasEnded)
            {
                // A monitor ends early only by a defect. Awaiting it throws the exception.
                await monitor.StopAsync();
            }
            if (!desired.ContainsKey(root) && !kinds.Failures.ContainsKey(monitor.Cache.Kind.Gvk.ApiVersion))
            {
                await monitor.StopAsync();
                _monitors.Remove(root);
                foreach (var item in monitor.Cache.Snapshot.Values)
                {
                    Report(monitor.Cache.Kind, new(item, null));
                }
            }
        }
        foreach (var (root, kind) in desired)
        {
            if (!_monitors.ContainsKey(root))
            {
                var cache = new MetadataCache(kind, _metadata, time, entropy, logger, change => Report(kind, change));
                _monitors[root] = new(cache, () => _followers.ForEach(f => f.Listed?.Invoke(kind)), cancellationToken);
            }
        }
        _caches = [.. _monitors.Values.Select(m => m.Cache)];
    }

    private void Report(ResourceKind kind, CacheChange<ObjectMetadata> change) => _followers.ForEach(f => f.Changed(kind, change));

    private static async ValueTask WaitForAsync(Task task, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = cancellationToken.Register(() => done.TrySetCanceled(cancellationToken));
        var completion = CompleteAsync(task, done);
        await done.Task;
        await completion;
    }

    private static async Task CompleteAsync(Task task, TaskCompletionSource done)
    {
        await task;
        done.TrySetResult();
    }

    [LoggerMessage(EventId = 3140, Level = LogLevel.Warning, Message = "Reading discovery failed and will be tried again: {Reason}")]
    private static partial void LogUnknownKinds(ILogger logger, string reason);

    private sealed record Follower(
        Func<ResourceKind, bool> Follows,
        Action<ResourceKind, CacheChange<ObjectMetadata>> Changed,
        Action<ResourceKind>? Listed
    );

    /// <summary>The watch of one kind, while discovery lists it.</summary>
    private sealed class Monitor
    {
        private readonly CancellationTokenSource _stop;
        private readonly Task _running;

        public Monitor(MetadataCache cache, Action listed, CancellationToken cancellationToken)
        {
            Cache = cache;
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _running = Task.WhenAll(cache.RunAsync(_stop.Token), ReportListAsync(cache, listed, _stop.Token));
        }

        public MetadataCache Cache { get; }

        public bool HasEnded => _running.IsCompleted;

        private static async Task ReportListAsync(MetadataCache cache, Action listed, CancellationToken cancellationToken)
        {
            try
            {
                await WaitForAsync(cache.Synced, cancellationToken);
                listed();
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // It was stopped before its first list.
            }
        }

        public async Task StopAsync()
        {
            _stop.Cancel();
            await _running;
            _stop.Dispose();
        }
    }
}
