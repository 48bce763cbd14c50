using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.Caching;

/// <summary>The caches that the controllers share, one per kind.</summary>
public sealed class ClusterCaches
{
    /// <summary>The index of objects by their namespace, where a cache has one.</summary>
    public const string ByNamespace = "namespace";

    /// <summary>The index of objects by the uid of their controller, where a cache has one.</summary>
    public const string ByController = "controller-uid";

    private readonly ApiClient _client;
    private readonly TimeProvider _time;
    private readonly IEntropy _entropy;
    private readonly ILogger _logger;
    private readonly List<Func<CancellationToken, Task>> _loops = [];
    private readonly List<Func<CancellationToken, ValueTask>> _firstLists = [];

    public ClusterCaches(ApiClient client, TimeProvider time, IEntropy entropy, ILogger logger)
    {
        _client = client;
        _time = time;
        _entropy = entropy;
        _logger = logger;
        Deployments = Cache<V1Deployment>();
        ReplicaSets = Cache<V1ReplicaSet>(ReplicaSetIndexes.Register);
        ReplicationControllers = Cache<V1ReplicationController>(IndexByNamespace);
        StatefulSets = Cache<V1StatefulSet>(IndexByNamespace);
        DaemonSets = Cache<V1DaemonSet>(IndexByNamespace);
        ControllerRevisions = Cache<V1ControllerRevision>(RevisionIndexes.Register);
        Jobs = Cache<V1Job>(IndexByNamespace, IndexByController);
        CronJobs = Cache<V1CronJob>();
        HorizontalPodAutoscalers = Cache<V2HorizontalPodAutoscaler>();
        Pods = Cache<V1Pod>(PodIndexes.Register);
        PersistentVolumeClaims = Cache<V1PersistentVolumeClaim>(IndexByNamespace);
        Nodes = Cache<V1Node>();
        Leases = Cache<V1Lease>();
        Namespaces = Cache<V1Namespace>();
        ServiceAccounts = Cache<V1ServiceAccount>();
        Services = Cache<V1Service>(IndexByNamespace);
        Endpoints = Cache<V1Endpoints>();
        EndpointSlices = Cache<V1EndpointSlice>();
        ResourceQuotas = Cache<V1ResourceQuota>(IndexByNamespace);
        PodDisruptionBudgets = Cache<V1PodDisruptionBudget>(IndexByNamespace);
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

    /// <summary>Completes when each cache has its first list: before that, nothing may be concluded from what is missing.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        foreach (var firstList in _firstLists)
        {
            await firstList(cancellationToken);
        }
    }

    private SharedCache<T> Cache<T>(params ReadOnlySpan<Action<SharedCache<T>>> indexes)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var cache = new SharedCache<T>(_client, _time, _entropy, _logger);
        foreach (var register in indexes)
        {
            register(cache);
        }
        _loops.Add(cache.RunAsync);
        _firstLists.Add(cancellationToken => cache.WaitForRevisionAsync(1, cancellationToken));
        return cache;
    }

    private static void IndexByNamespace<T>(SharedCache<T> cache)
        where T : class, IKubernetesObject<V1ObjectMeta> => cache.AddIndex(ByNamespace, value => [value.Metadata.NamespaceProperty]);

    private static void IndexByController<T>(SharedCache<T> cache)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        cache.AddIndex(ByController, value => value.ControllerReference() is { } owner ? [owner.Uid] : []);
}
