using System.Threading.Channels;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Composition;

/// <summary>
/// The objects that only some pods need for scheduling. Each kind is watched from the first such pod on: every watch costs memory here and
/// in the API server.
/// </summary>
internal sealed class ClusterObjects : IClusterObjects
{
    private readonly Dictionary<ObjectKinds, (Func<CancellationToken, Task> Run, Func<CancellationToken, ValueTask> Known)> _caches = [];
    private readonly Channel<ObjectKinds> _wanted = Channel.CreateUnbounded<ObjectKinds>(new() { SingleReader = true });
    private readonly Action<Action> _post;
    private readonly Action<ObjectKinds> _becameKnown;
    private readonly SharedCache<V1PersistentVolumeClaim> _claims;
    private readonly SharedCache<V1PersistentVolume> _volumes;
    private readonly SharedCache<V1StorageClass> _classes;
    private readonly SharedCache<V1CSINode> _csiNodes;
    private readonly SharedCache<V1Service> _services;
    private readonly SharedCache<V1PodDisruptionBudget> _budgets;
    private ObjectKinds _started;
    private ObjectKinds _known;

    /// <param name="post">Queues a call for the scheduling loop.</param>
    /// <param name="becameKnown">Called in the scheduling loop when all of a kind is known for the first time.</param>
    public ClusterObjects(
        ApiClient client,
        TimeProvider time,
        IEntropy entropy,
        ILogger logger,
        Action<Action> post,
        Action<ObjectKinds> becameKnown
    )
    {
        (_post, _becameKnown) = (post, becameKnown);
        _claims = Add<V1PersistentVolumeClaim>(ObjectKinds.Claims, client, time, entropy, logger);
        _volumes = Add<V1PersistentVolume>(ObjectKinds.Volumes, client, time, entropy, logger);
        _classes = Add<V1StorageClass>(ObjectKinds.StorageClasses, client, time, entropy, logger);
        _csiNodes = Add<V1CSINode>(ObjectKinds.CsiNodes, client, time, entropy, logger);
        _services = Add<V1Service>(ObjectKinds.Services, client, time, entropy, logger);
        _budgets = Add<V1PodDisruptionBudget>(ObjectKinds.DisruptionBudgets, client, time, entropy, logger);
    }

    public IEnumerable<V1PersistentVolume> Volumes => _volumes.Snapshot.Values;

    public V1PersistentVolumeClaim? Claim(ObjectKey key) => _claims.Get(key);

    public V1PersistentVolume? Volume(string name) => _volumes.Get(new("", name));

    public V1StorageClass? StorageClass(string name) => _classes.Get(new("", name));

    public IEnumerable<V1PodDisruptionBudget> DisruptionBudgets => _budgets.Snapshot.Values;

    public V1CSINode? CsiNode(string name) => _csiNodes.Get(new("", name));

    /// <summary>
    /// Calls the handler in the scheduling loop after each change of a claim, volume, storage class or CSI node. Register it before <see
    /// cref="RunAsync"/>.
    /// </summary>
    public void OnStorage(Action handler)
    {
        _claims.OnChange(_ => _post(handler));
        _volumes.OnChange(_ => _post(handler));
        _classes.OnChange(_ => _post(handler));
        _csiNodes.OnChange(_ => _post(handler));
    }

    /// <summary>
    /// Calls the handler in the scheduling loop after each change of a Service. Register it before <see cref="RunAsync"/>.
    /// </summary>
    public void OnService(Action<CacheChange<V1Service>> handler) => _services.OnChange(change => _post(() => handler(change)));

    /// <summary>Adds another kind, before <see cref="RunAsync"/>.</summary>
    public SharedCache<T> Add<T>(ObjectKinds kind, ApiClient client, TimeProvider time, IEntropy entropy, ILogger logger)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var cache = new SharedCache<T>(client, time, entropy, logger);
        _caches.Add(kind, (cache.RunAsync, stop => cache.WaitForRevisionAsync(1, stop)));
        return cache;
    }

    /// <summary>Whether all of these kinds are known. Otherwise their watches start, and <c>becameKnown</c> is called later.</summary>
    public bool AreKnown(ObjectKinds kinds)
    {
        if ((kinds & ~_known) == 0)
        {
            return true;
        }
        if ((kinds & ~_started) is not ObjectKinds.None and var missing)
        {
            _started |= missing;
            _wanted.Writer.TryWrite(missing);
        }
        return false;
    }

    /// <summary>Watches the kinds that are needed, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        var running = new List<Task>();
        try
        {
            while (await _wanted.Reader.WaitToReadAsync(cancellationToken))
            {
                while (_wanted.Reader.TryRead(out var kinds))
                {
                    foreach (var (kind, cache) in _caches.Where(c => kinds.HasFlag(c.Key)).OrderBy(c => c.Key))
                    {
                        running.Add(WatchAsync(cache.Run, cancellationToken));
                        running.Add(ReportKnownAsync(kind, cache.Known, cancellationToken));
                    }
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The scheduler was asked to stop.
        }
        await Task.WhenAll(running);
    }

    // A watch that fails for good ends the scheduler: its exception is thrown in the loop.
    private async Task WatchAsync(Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        try
        {
            await run(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _post(() => throw new InvalidOperationException("a watch of the scheduler failed", e));
        }
    }

    private async Task ReportKnownAsync(ObjectKinds kind, Func<CancellationToken, ValueTask> known, CancellationToken cancellationToken)
    {
        try
        {
            await known(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        _post(() =>
        {
            _known |= kind;
            _becameKnown(kind);
        });
    }
}
