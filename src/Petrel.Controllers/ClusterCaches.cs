using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;

namespace Petrel.Controllers;

/// <summary>The caches that the controllers share, one per kind.</summary>
public sealed class ClusterCaches(ApiClient client, TimeProvider time, ILogger logger)
{
    /// <summary>The index of objects by their namespace, where a cache has one.</summary>
    public const string ByNamespace = "namespace";

    public SharedCache<V1Deployment> Deployments { get; } = new(client, time, logger);

    public SharedCache<V1ReplicaSet> ReplicaSets { get; } = Indexed(new SharedCache<V1ReplicaSet>(client, time, logger), ReplicaSetIndexes.Register);

    public SharedCache<V1Pod> Pods { get; } = Indexed(new SharedCache<V1Pod>(client, time, logger), PodIndexes.Register);

    public SharedCache<V1Node> Nodes { get; } = new(client, time, logger);

    public SharedCache<V1Lease> Leases { get; } = new(client, time, logger);

    public SharedCache<V1Namespace> Namespaces { get; } = new(client, time, logger);

    public SharedCache<V1ServiceAccount> ServiceAccounts { get; } = new(client, time, logger);

    public SharedCache<V1Service> Services { get; } = new(client, time, logger);

    public SharedCache<V1EndpointSlice> EndpointSlices { get; } = new(client, time, logger);

    public SharedCache<V1ResourceQuota> ResourceQuotas { get; } = Indexed(
        new SharedCache<V1ResourceQuota>(client, time, logger), cache => cache.AddIndex(ByNamespace, quota => [quota.Metadata.NamespaceProperty]));

    public SharedCache<V1PodDisruptionBudget> PodDisruptionBudgets { get; } = Indexed(
        new SharedCache<V1PodDisruptionBudget>(client, time, logger), cache => cache.AddIndex(ByNamespace, budget => [budget.Metadata.NamespaceProperty]));

    /// <summary>Keeps all caches current until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Loops.RunTogetherAsync(
        cancellationToken,
        Deployments.RunAsync,
        ReplicaSets.RunAsync,
        Pods.RunAsync,
        Nodes.RunAsync,
        Leases.RunAsync,
        Namespaces.RunAsync,
        ServiceAccounts.RunAsync,
        Services.RunAsync,
        EndpointSlices.RunAsync,
        ResourceQuotas.RunAsync,
        PodDisruptionBudgets.RunAsync);

    /// <summary>Completes when each cache has its first list: before that, nothing may be concluded from what is missing.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        await Deployments.WaitForRevisionAsync(1, cancellationToken);
        await ReplicaSets.WaitForRevisionAsync(1, cancellationToken);
        await Pods.WaitForRevisionAsync(1, cancellationToken);
        await Nodes.WaitForRevisionAsync(1, cancellationToken);
        await Leases.WaitForRevisionAsync(1, cancellationToken);
        await Namespaces.WaitForRevisionAsync(1, cancellationToken);
        await ServiceAccounts.WaitForRevisionAsync(1, cancellationToken);
        await Services.WaitForRevisionAsync(1, cancellationToken);
        await EndpointSlices.WaitForRevisionAsync(1, cancellationToken);
        await ResourceQuotas.WaitForRevisionAsync(1, cancellationToken);
        await PodDisruptionBudgets.WaitForRevisionAsync(1, cancellationToken);
    }

    private static SharedCache<T> Indexed<T>(SharedCache<T> cache, Action<SharedCache<T>> register)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        register(cache);
        return cache;
    }
}
