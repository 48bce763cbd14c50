using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// Keeps one ReplicaSet per pod template of each Deployment, and moves the pods from the old ReplicaSets to the one of the newest template.
/// </summary>
public sealed class DeploymentController : IController
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly OwnerLookup<V1Deployment> _owners;
    private readonly DeploymentWriter _writer;

    public DeploymentController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _loop = new(context, "deployment-controller", SyncAsync);
        _owners = new(_caches.Deployments, deployment => deployment.Spec.Selector);
        _writer = new(context.Client, _caches, _loop.Events, context.Time);

        _loop.Watch(_caches.Deployments);
        _loop.Watch(_caches.ReplicaSets, _owners.ControllersOrSelecting);
        _loop.Watch(_caches.Pods, KeysOf);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    // With the strategy Recreate, the rollout waits for the end of the last old pod.
    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Pod> change)
    {
        if (
            (change.New is null || change.New.IsFinished())
            && change.Latest.ControllerReference() is { Kind: "ReplicaSet" } owner
            && _caches.ReplicaSets.Get(new(change.Latest.Metadata.NamespaceProperty, owner.Name)) is { } set
            && _owners.ControllerOf(set) is { } deployment
            && !RolloutBounds.IsRolling(deployment.Spec)
        )
        {
            yield return deployment.Key();
        }
    }

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_caches.Deployments.Get(key) is { } cached)
        {
            await _writer.RetryUnknownAsync(cached, cancellationToken);
        }
        if (_caches.Deployments.Get(key) is not { } deployment)
        {
            _writer.Forget(key);
            return null;
        }
        List<V1ReplicaSet> sets = [.. _caches.ReplicaSets.ControlledByOrOrphaned(deployment.Metadata)];
        List<V1Pod> pods = RolloutBounds.IsRolling(deployment.Spec)
            ? []
            : [.. sets.SelectMany(s => _caches.Pods.ControlledBy(s.Metadata.Uid))];
        var plan = DeploymentPlan.Compute(deployment, sets, pods, _context.Time.GetUtcNow());
        await _writer.ApplyAsync(deployment, plan, cancellationToken);
        return plan.RequeueAfter;
    }
}
