using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.Framework;

/// <summary>
/// Brings the object with this key one step towards its desired state. It reads caches, computes a plan and applies it. It must be
/// idempotent: it runs after every change that may concern the object.
/// </summary>
/// <returns>When to sync the key again even if nothing changes; null for not before a change.</returns>
internal delegate ValueTask<TimeSpan?> SyncFunction(ObjectKey key, CancellationToken cancellationToken);

/// <summary>What differs between controllers in how they are run.</summary>
internal sealed record ControllerOptions
{
    /// <summary>How many keys are synced at once; by default <see cref="Configuration.ControllerSettings.Workers"/>.</summary>
    public int? Workers { get; init; }

    /// <summary>The delay after a key's first failure; it doubles with each further failure.</summary>
    public TimeSpan? BaseDelay { get; init; }

    /// <summary>The longest delay after failures.</summary>
    public TimeSpan? MaxDelay { get; init; }

    /// <summary>The source of the controller's events; by default the controller's name.</summary>
    public string? EventSource { get; init; }
}

/// <summary>
/// The loop of a controller, as in client-go and controller-runtime: watches map changes to keys, a queue holds each key once, and workers
/// sync the keys. No key is synced by two workers at once. A key whose sync fails is queued again with exponential backoff.
/// <para>
/// A controller registers its watches in its constructor, before the caches run. <see cref="RunAsync"/> may be called once.
/// </para>
/// </summary>
internal sealed class ControllerLoop : IReconciler
{
    private readonly ControllerContext _context;
    private readonly SyncFunction _sync;
    private readonly ControllerOptions _options;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly List<Func<CancellationToken, Task>> _loops = [];

    /// <param name="context">What every controller is given.</param>
    /// <param name="name">The controller's name in logs, events and metrics, for example <c>deployment-controller</c>.</param>
    /// <param name="sync">Syncs one key.</param>
    /// <param name="options">What differs from the defaults.</param>
    public ControllerLoop(ControllerContext context, string name, SyncFunction sync, ControllerOptions? options = null)
    {
        _context = context;
        _sync = sync;
        _options = options ?? new();
        _queue = CreateQueue(context.Time, _options, name);
        Name = name;
        Logger = context.Logs.CreateLogger(name);
        Events = context.Events(_options.EventSource ?? name);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The controller's logger.</summary>
    public ILogger Logger { get; }

    /// <summary>Records the controller's events; the loop sends them.</summary>
    public EventRecorder Events { get; }

    /// <summary>Syncs each object of the cache when it changes.</summary>
    public void Watch<T>(SharedCache<T> cache)
        where T : class, IKubernetesObject<V1ObjectMeta> => cache.OnChange(change => _queue.Add(change.Latest.Key()));

    /// <summary>Syncs the keys that <paramref name="keysOf"/> maps a change to, in the order of the mapping.</summary>
    public void Watch<T>(SharedCache<T> cache, Func<CacheChange<T>, IEnumerable<ObjectKey>> keysOf)
        where T : class, IKubernetesObject<V1ObjectMeta> => cache.OnChange(change => Enqueue(keysOf(change)));

    /// <summary>Syncs each object that <paramref name="concerns"/> says after a change, unless it was deleted.</summary>
    public void WatchExisting<T>(SharedCache<T> cache, Func<T, bool>? concerns = null)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        cache.OnChange(change =>
        {
            if (change.New is { } value && concerns?.Invoke(value) != false)
            {
                _queue.Add(value.Key());
            }
        });

    /// <summary>Runs another loop beside the workers, from when the caches have their first lists.</summary>
    public void AlsoRun(Func<CancellationToken, Task> loop) => _loops.Add(loop);

    /// <summary>Syncs a key as soon as a worker is free.</summary>
    public void Enqueue(ObjectKey key) => _queue.Add(key);

    /// <summary>Syncs the keys as soon as workers are free.</summary>
    public void Enqueue(IEnumerable<ObjectKey> keys)
    {
        foreach (var key in keys)
        {
            _queue.Add(key);
        }
    }

    /// <summary>Syncs a key after a delay.</summary>
    public void EnqueueAfter(ObjectKey key, TimeSpan delay) => _queue.AddAfter(key, delay);

    /// <summary>Waits for the first lists of the caches, then syncs keys until cancelled. Disposes of the queue at the end.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (_queue)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            var workers = new ReconcilerHost(this, _queue, Logger, _options.Workers ?? _context.Settings.Workers);
            await Loops.RunTogetherAsync(cancellationToken, [workers.RunAsync, .. _loops, Events.RunAsync]);
        }
    }

    /// <inheritdoc/>
    ValueTask<TimeSpan?> IReconciler.ReconcileAsync(ObjectKey key, CancellationToken cancellationToken) => _sync(key, cancellationToken);

    private static WorkQueue<ObjectKey> CreateQueue(TimeProvider time, ControllerOptions options, string name) =>
        new(time, options.BaseDelay, options.MaxDelay, name);
}
