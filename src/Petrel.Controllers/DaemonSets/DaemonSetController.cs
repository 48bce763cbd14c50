using System.Runtime.ExceptionServices;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Revisions;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// Keeps one pod of each DaemonSet on every node that should run it, and moves the pods to a new template a few nodes at a time.
/// </summary>
public sealed class DaemonSetController : IController
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly OwnerLookup<V1DaemonSet> _owners;
    private readonly DaemonPodWriter _writer;
    private readonly RevisionWriter _revisions;
    private readonly DaemonSetHistory _history;
    private readonly MetadataWriter<V1Pod> _podMetadata;
    private readonly LiveObjectCheck<V1DaemonSet> _liveCheck;
    private readonly StatusWriter<V1DaemonSet> _status;

    public DaemonSetController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _loop = new(context, "daemonset-controller", SyncAsync);
        _owners = new(_caches.DaemonSets, set => set.Spec.Selector);
        _writer = new(context, _loop.Events);
        _revisions = new(context.Client, _caches.ControllerRevisions);
        _podMetadata = new(context.Client, _caches.Pods);
        _history = new(_podMetadata, _revisions);
        _liveCheck = new(context.Client, _caches.DaemonSets);
        _status = new(context.Client, _caches.DaemonSets);

        _loop.Watch(_caches.DaemonSets);
        _loop.Watch(_caches.Pods, KeysOf);
        _loop.Watch(_caches.Nodes, KeysOf);
        _loop.Watch(_caches.ControllerRevisions, _owners.ControllersOrSelecting);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Pod> change) =>
        change.New is { Metadata.DeletionTimestamp: null } pod && Orphans.MayBeAdoptable(change)
            ? _owners.ControllersOf(change).Concat(_owners.Selecting(pod))
            : _owners.ControllersOf(change);

    // Only labels and taints decide about placement. Other changes of nodes, such as heartbeats, are frequent.
    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Node> change)
    {
        if (
            change is { Old: { } old, New: { } node }
            && LabelSets.AreEqual(old.Metadata.Labels, node.Metadata.Labels)
            && TaintsOf(old).SequenceEqual(TaintsOf(node))
        )
        {
            yield break;
        }
        foreach (var set in _caches.DaemonSets.Snapshot.Values)
        {
            var placement = new DaemonPlacement(set);
            var before = change.Old is null ? default : placement.On(change.Old);
            var after = change.New is null ? default : placement.On(change.New);
            // A node that is gone may leave pods behind that were not bound to it yet.
            if (before != after || change.New is null)
            {
                yield return set.Key();
            }
        }
    }

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        // While a set is being deleted, the garbage collector decides about its pods and its revisions.
        if (_caches.DaemonSets.Get(key) is not { } set || set.Metadata.DeletionTimestamp is not null)
        {
            _writer.Forget(key);
            return null;
        }
        if (LabelSelectors.From(set.Spec.Selector).IsEverything)
        {
            const string message = "This daemon set is selecting all pods. A non-empty selector is required.";
            _loop.Events.Record(set, "Warning", "SelectingAll", message);
            return null;
        }
        var retried = await _writer.RetryUnknownAsync(set, cancellationToken);
        var adoption = PlanAdoption(set);
        var owner = RevisionOwner.Of(set);
        var revisions = _revisions.Plan(owner);
        var needsRepair = !revisions.Adoption.HasWork && DaemonSetHistory.NeedsRepair(revisions);
        if ((adoption.HasWork || revisions.HasWork || needsRepair) && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
        {
            return TimeSpan.Zero;
        }
        if (adoption.HasWork)
        {
            await _podMetadata.ApplyAsync(adoption, OwnerReferences.ToController(set), cancellationToken);
            return TimeSpan.Zero;
        }
        if (needsRepair)
        {
            await _history.RepairAsync(revisions, adoption.Owned, cancellationToken);
            return TimeSpan.Zero;
        }
        var history = RevisionWriter.HistoryOf(owner, revisions) ?? await _revisions.ApplyAsync(owner, revisions, cancellationToken);
        return history is null ? TimeSpan.Zero : await ManageAsync(set, history, adoption.Owned, retried.Error, cancellationToken);
    }

    private async ValueTask<TimeSpan?> ManageAsync(
        V1DaemonSet set,
        RevisionHistory history,
        IReadOnlyList<V1Pod> pods,
        Exception? error,
        CancellationToken cancellationToken
    )
    {
        var hash = DaemonSetHistory.Hash(history.Newest);
        TimeSpan? requeueAfter = null;
        if (error is null)
        {
            var plan = DaemonSetPlan
                .Compute(set, NodesOf(set, pods), hash, node => _writer.BackoffOf(set, node), _context.Time.GetUtcNow())
                .FirstPart();
            var surplus = DaemonSetHistory.Surplus(set, history, pods);
            if (plan.Create.Count + plan.Delete.Count + surplus.Count > 0 && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
            {
                return TimeSpan.Zero;
            }
            error = await _writer.ApplyAsync(set, plan, hash, cancellationToken);
            requeueAfter = plan.RequeueAfter;
            foreach (var revision in error is null ? surplus : [])
            {
                await _revisions.DeleteAsync(revision, cancellationToken);
            }
        }
        await WriteStatusAsync(set, hash, history.CollisionCount, cancellationToken);
        if (error is not null)
        {
            ExceptionDispatchInfo.Throw(error);
        }
        return requeueAfter;
    }

    private AdoptionPlan<V1Pod> PlanAdoption(V1DaemonSet set)
    {
        var selector = LabelSelectors.From(set.Spec.Selector);
        return AdoptionPlan<V1Pod>.Compute(set.Metadata, _caches.Pods.ControlledByOrOrphaned(set.Metadata), pod =>
            selector.Matches(LabelSets.Of(pod.Metadata.Labels))
        );
    }

    private IReadOnlyList<DaemonNode> NodesOf(V1DaemonSet set, IEnumerable<V1Pod> pods) =>
        DaemonNodes.Of(set, _caches.Nodes.Snapshot.Values, pods);

    private async ValueTask WriteStatusAsync(V1DaemonSet set, string hash, int? collisionCount, CancellationToken cancellationToken)
    {
        var status = DaemonSetStatuses.Compute(
            set,
            NodesOf(set, PlanAdoption(set).Owned),
            hash,
            collisionCount,
            isSettled: _writer.IsSettled(set),
            _context.Time.GetUtcNow()
        );
        if (!DaemonSetStatuses.AreEqual(set.Status, status))
        {
            await _status.WriteAsync(set, copy => copy.Status = status, cancellationToken);
        }
    }

    private static IEnumerable<(string, string?, string)> TaintsOf(V1Node node) =>
        (node.Spec?.Taints ?? []).Select(t => (t.Key, (string?)t.Value, t.Effect));
}
