using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.Caching;

/// <summary>The caches that the controllers share, one per kind (upstream: the shared informer factory).</summary>
public sealed class ClusterCaches
{
    private readonly ApiClient _client;
    private readonly TimeProvider _time;
    private readonly IEntropy _entropy;
    private readonly ILogger _logger;
    private readonly List<Func<CancellationToken, Task>> _loops = [];
    private readonly List<Func<CancellationToken, ValueTask>> _firstLists = [];
    private readonly List<LifecycleSource> _lifecycles = [];

    public ClusterCaches(ApiClient client, TimeProvider time, IEntropy entropy, ILogger logger)
    {
        _client = client;
        _time = time;
        _entropy = entropy;
        _logger = logger;
        Deployments = Cache<V1Deployment>(ObjectIndexes.IndexByNamespace);
        ReplicaSets = Cache<V1ReplicaSet>(ObjectIndexes.IndexByNamespace, ObjectIndexes.IndexByController);
        ReplicationControllers = Cache<V1ReplicationController>(ObjectIndexes.IndexByNamespace);
        StatefulSets = Cache<V1StatefulSet>(ObjectIndexes.IndexByNamespace);
        DaemonSets = Cache<V1DaemonSet>(ObjectIndexes.IndexByNamespace);
        ControllerRevisions = Cache<V1ControllerRevision>(ObjectIndexes.IndexByController);
        Jobs = Cache<V1Job>(ObjectIndexes.IndexByNamespace, ObjectIndexes.IndexByController);
        CronJobs = Cache<V1CronJob>();
        HorizontalPodAutoscalers = Cache<V2HorizontalPodAutoscaler>();
        Pods = Cache<V1Pod>(ObjectIndexes.IndexByNamespace, ObjectIndexes.IndexByController, PodIndexes.IndexByNode);
        PersistentVolumeClaims = Cache<V1PersistentVolumeClaim>();
        Nodes = Cache<V1Node>();
        Leases = Cache<V1Lease>();
        Namespaces = Cache<V1Namespace>();
        ServiceAccounts = Cache<V1ServiceAccount>();
        Services = Cache<V1Service>(ObjectIndexes.IndexByNamespace);
        Endpoints = Cache<V1Endpoints>();
        EndpointSlices = Cache<V1EndpointSlice>();
        ResourceQuotas = Cache<V1ResourceQuota>(ObjectIndexes.IndexByNamespace);
        PodDisruptionBudgets = Cache<V1PodDisruptionBudget>(ObjectIndexes.IndexByNamespace);
    }

    public SharedCache<V1Deployment> Deployments { get; }

    public SharedCache<V1ReplicaSet> ReplicaSets { get; }

    public SharedCache<V1ReplicationController> ReplicationControllers { get; }

    public SharedCache<V1StatefulSet> StatefulSets { get; }

    public SharedCache<V1DaemonSet> DaemonSets { get; }

    public SharedCache<V1ControllerRevision> ControllerRevisions { get; }

    public SharedCache<V1Job> Jobs { get; }

    public SharedCache<V1CronJob> CronJobs { get; }

    public SharedCache<V2HorizontalPodAutoscaler> HorizontalPodAutoscalers { get; }

    public SharedCache<V1Pod> Pods { get; }

    public SharedCache<V1PersistentVolumeClaim> PersistentVolumeClaims { get; }

    public SharedCache<V1Node> Nodes { get; }

    public SharedCache<V1Lease> Leases { get; }

    public SharedCache<V1Namespace> Namespaces { get; }

    public SharedCache<V1ServiceAccount> ServiceAccounts { get; }

    public SharedCache<V1Service> Services { get; }

    public SharedCache<V1Endpoints> Endpoints { get; }

    public SharedCache<V1EndpointSlice> EndpointSlices { get; }

    public SharedCache<V1ResourceQuota> ResourceQuotas { get; }

    public SharedCache<V1PodDisruptionBudget> PodDisruptionBudgets { get; }

    /// <summary>Keeps all caches current until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunTogetherAsync(cancellationToken, [.. _loops]);

    /// <summary>Completes when each cache has its first list. Before that, an object that is missing from a cache may exist.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        foreach (var firstList in _firstLists)
        {
            await firstList(cancellationToken);
        }
    }

    /// <summary>The kinds that have a cache. Nobody needs a second watch for their metadata.</summary>
    public IEnumerable<ResourceKind> Kinds => _lifecycles.Select(source => source.Kind);

    /// <summary>
    /// Registers a handler for the additions and deletions of objects of all these kinds, and for changes of their owners, finalizers and
    /// deletion time, before the caches run.
    /// </summary>
    public void OnLifecycleChange(Action<ResourceKind, CacheChange<ObjectMetadata>> handler) =>
        _lifecycles.ForEach(source => source.Register(change => handler(source.Kind, change)));

    private SharedCache<T> Cache<T>(params ReadOnlySpan<Action<SharedCache<T>>> indexes)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var cache = new SharedCache<T>(_client, _time, _entropy, _logger);
        foreach (var register in indexes)
        {
            register(cache);
        }
        _loops.Add(cache.RunAsync);
        _lifecycles.Add(new(LifecycleChanges.KindOf<T>(), cache.OnLifecycleChange));
        _firstLists.Add(cancellationToken => cache.WaitForRevisionAsync(1, cancellationToken));
        return cache;
    }

    private sealed record LifecycleSource(ResourceKind Kind, Action<Action<CacheChange<ObjectMetadata>>> Register);
}
