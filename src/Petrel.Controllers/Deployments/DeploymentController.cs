using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.PodControl;
using Petrel.Model;

namespace Petrel.Controllers.Deployments;

/// <summary>Keeps one ReplicaSet per pod template of each Deployment and moves pods from the old ones to the newest.</summary>
public sealed class DeploymentController : IController, IReconciler, IDisposable
{
    private const string ByNamespace = "deployment-controller/namespace";
    private const string ByController = "deployment-controller/controller";

    private readonly ControllerContext _context;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly EventRecorder _events;
    private readonly DeploymentWriter _writer;
    private readonly ReconcilerHost _host;

    public DeploymentController(ControllerContext context)
    {
        _context = context;
        _queue = new(context.Time);
        _events = context.Events(Name);
        _writer = new(context.Client, context.Caches, _events, context.Time);
        _host = new(this, _queue, context.Logs.CreateLogger(Name), context.Settings.Workers);
        var caches = context.Caches;
        caches.Deployments.AddIndex(ByNamespace, d => [d.Metadata.NamespaceProperty]);
        caches.ReplicaSets.AddIndex(ByController, s => [Ownership.Controller(s)?.Uid ?? Orphans(s.Metadata.NamespaceProperty)]);
        caches.Pods.AddIndex(ByController, p => Ownership.Controller(p) is { Kind: "ReplicaSet" } owner ? [owner.Uid] : []);
        caches.Deployments.OnChange(change => _queue.Add(KeyOf(change.Latest.Metadata)));
        caches.ReplicaSets.OnChange(ReplicaSetChanged);
        caches.Pods.OnChange(PodChanged);
    }

    /// <inheritdoc/>
    public string Name => "deployment-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _context.Caches.WaitAsync(cancellationToken);
        await Loops.RunTogetherAsync(cancellationToken, _host.RunAsync, _events.RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        await _writer.RetryUnknownWritesAsync(key, cancellationToken);
        var caches = _context.Caches;
        if (caches.Deployments.Get(key) is not { } deployment)
        {
            return null;
        }
        List<V1ReplicaSet> sets =
        [
            .. caches.ReplicaSets.ByIndex(ByController, deployment.Metadata.Uid),
            .. caches.ReplicaSets.ByIndex(ByController, Orphans(key.Namespace)),
        ];
        List<V1Pod> pods = RolloutBounds.IsRolling(deployment.Spec)
            ? []
            : [.. sets.SelectMany(s => caches.Pods.ByIndex(ByController, s.Metadata.Uid))];
        var plan = DeploymentPlan.Compute(deployment, sets, pods, _context.Time.GetUtcNow());
        await _writer.ApplyAsync(deployment, plan, cancellationToken);
        return plan.RequeueAfter;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private static ObjectKey KeyOf(V1ObjectMeta metadata) => new(metadata.NamespaceProperty, metadata.Name);

    // No uid looks like this.
    private static string Orphans(string ns) => $"orphans in {ns}";

    private void ReplicaSetChanged(CacheChange<V1ReplicaSet> change)
    {
        var before = change.Old is null ? null : Ownership.Controller(change.Old);
        var after = Ownership.Controller(change.Latest);
        AddOwner(change.Latest, before);
        AddOwner(change.Latest, after);
        if (after is null && change.New is { } orphan)
        {
            foreach (var deployment in _context.Caches.Deployments.ByIndex(ByNamespace, orphan.Metadata.NamespaceProperty))
            {
                if (Ownership.Matches(Ownership.Selector(deployment), orphan))
                {
                    _queue.Add(KeyOf(deployment.Metadata));
                }
            }
        }
    }

    private void AddOwner(V1ReplicaSet set, V1OwnerReference? owner)
    {
        if (Owner(set, owner) is { } deployment)
        {
            _queue.Add(KeyOf(deployment.Metadata));
        }
    }

    // With Recreate, the end of the last old pod is what the rollout waits for.
    private void PodChanged(CacheChange<V1Pod> change)
    {
        if (
            (change.New is null || RecreateStrategy.IsFinished(change.New))
            && Ownership.Controller(change.Latest) is { Kind: "ReplicaSet" } owner
            && _context.Caches.ReplicaSets.Get(new(change.Latest.Metadata.NamespaceProperty, owner.Name)) is { } set
            && Owner(set, Ownership.Controller(set)) is { } deployment
            && !RolloutBounds.IsRolling(deployment.Spec)
        )
        {
            _queue.Add(KeyOf(deployment.Metadata));
        }
    }

    private V1Deployment? Owner(V1ReplicaSet set, V1OwnerReference? owner) =>
        owner is { Kind: "Deployment" }
        && _context.Caches.Deployments.Get(new(set.Metadata.NamespaceProperty, owner.Name)) is { } deployment
        && deployment.Metadata.Uid == owner.Uid
            ? deployment
            : null;
}
