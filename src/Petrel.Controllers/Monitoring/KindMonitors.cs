using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.Monitoring;

/// <summary>
/// Watches the metadata of the kinds that <c>follows</c> selects from discovery; by default, of all kinds that can be garbage collected.
/// New kinds are found when discovery is read again.
/// </summary>
internal sealed partial class KindMonitors(
    ApiClient client,
    TimeProvider time,
    IEntropy entropy,
    ILogger logger,
    Action<ResourceKind, CacheChange<ObjectMetadata>> changed,
    Func<ResourceKind, bool>? follows = null
)
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly ApiDiscovery _discovery = new(client);
    private readonly MetadataClient _metadata = new(client);
    private readonly SortedDictionary<string, Monitor> _monitors = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile DiscoveredKinds _kinds = new([], new SortedDictionary<string, string>(StringComparer.Ordinal));
    private volatile MetadataCache[] _caches = [];

    /// <summary>The kinds that discovery listed last.</summary>
    public DiscoveredKinds Kinds => _kinds;

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
            while (true)
            {
                var delay = period;
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
                await Task.Delay(delay, time, cancellationToken);
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

    private async Task SyncAsync(DiscoveredKinds kinds, CancellationToken cancellationToken)
    {
        _kinds = kinds;
        var desired = new SortedDictionary<string, ResourceKind>(StringComparer.Ordinal);
        foreach (var kind in kinds.Preferred.Where(follows ?? IsCollected))
        {
            desired[kind.Root] = kind;
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
                    changed(monitor.Cache.Kind, new(item, null));
                }
            }
        }
        foreach (var (root, kind) in desired)
        {
            if (!_monitors.ContainsKey(root))
            {
                var cache = new MetadataCache(kind, _metadata, time, entropy, logger, change => changed(kind, change));
                _monitors[root] = new(cache, cancellationToken);
            }
        }
        _caches = [.. _monitors.Values.Select(m => m.Cache)];
    }

    // Events are numerous and short-lived, and own nothing. Upstream ignores them too.
    private static bool IsCollected(ResourceKind kind) =>
        kind.Supports("list", "watch", "delete") && !(kind.Plural == "events" && kind.Gvk.Group is "" or "events.k8s.io");

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

    /// <summary>The watch of one kind, while discovery lists it.</summary>
    private sealed class Monitor
    {
        private readonly CancellationTokenSource _stop;
        private readonly Task _running;

        public Monitor(MetadataCache cache, CancellationToken cancellationToken)
        {
            Cache = cache;
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _running = cache.RunAsync(_stop.Token);
        }

        public MetadataCache Cache { get; }

        public bool HasEnded => _running.IsCompleted;

        public async Task StopAsync()
        {
            _stop.Cancel();
            await _running;
            _stop.Dispose();
        }
    }
}
