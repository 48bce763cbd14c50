using System.Runtime.ExceptionServices;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.PodControl;
using Petrel.Controllers.Revisions;
using Petrel.Model;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// Keeps one pod of each DaemonSet on every node that should run it, and moves them to a new template a few nodes at a time.
/// </summary>
public sealed class DaemonSetController : IController, IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly EventRecorder _events;
    private readonly Expectations _expectations = new();
    private readonly FailedPodBackoff _backoff;
    private readonly DaemonPodWriter _manager;
    private readonly RevisionHistoryWriter _revisionHistory;
    private readonly DaemonSetHistory _history;
    private readonly PodAdopter _claims;
    private readonly LiveObjectCheck<V1DaemonSet> _liveCheck;

    public DaemonSetController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _queue = new(context.Time);
        _events = context.Events(Name);
        _backoff = new(context.Time);
        _manager = new(_caches, new(context.Client, _events, _expectations), _events, _expectations, _backoff, context.Entropy);
        _revisionHistory = new(context.Client, _caches.ControllerRevisions);
        _history = new(context.Client, _caches, _revisionHistory);
        _claims = new(context.Client, _caches.Pods);
        _liveCheck = new(context.Client, _caches.DaemonSets);
        _caches.DaemonSets.OnChange(change => _queue.Add(KeyOf(change.Latest)));
        _caches.Pods.OnChange(OnPodChange);
        _caches.Nodes.OnChange(OnNodeChange);
        _caches.ControllerRevisions.OnChange(OnRevisionChange);
    }

    /// <inheritdoc/>
    public string Name => "daemonset-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _caches.WaitAsync(cancellationToken);
        var host = new ReconcilerHost(this, _queue, _context.Logs.CreateLogger(Name), _context.Settings.Workers);
        await Loops.RunTogetherAsync(cancellationToken, host.RunAsync, _events.RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        // One that is being deleted has no history that could be relied on, and its pods are the collector's business.
        if (_caches.DaemonSets.Get(key) is not { } set || set.Metadata.DeletionTimestamp is not null)
        {
            _expectations.Forget(key);
            _backoff.Forget(key);
            return null;
        }
        if (LabelSets.Selector(set.Spec.Selector).IsEverything)
        {
            _events.Record(set, "Warning", "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.");
            return null;
        }
        var unsettled = await _manager.RetryUnknownWritesAsync(set, cancellationToken);
        var claims = Claims(set);
        var owner = RevisionOwner.Of(set);
        var revisions = _revisionHistory.Plan(owner);
        var broken = !revisions.HasClaims && DaemonSetHistory.NeedsRepair(revisions);
        if ((claims.IsBehind || revisions.IsBehind || broken) && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
        {
            return TimeSpan.Zero;
        }
        if (claims.IsBehind)
        {
            await ClaimAsync(set, claims, cancellationToken);
            return TimeSpan.Zero;
        }
        if (broken)
        {
            await _history.RepairAsync(revisions, claims.Own, cancellationToken);
            return TimeSpan.Zero;
        }
        var history = RevisionHistoryWriter.Known(owner, revisions)
            ?? await _revisionHistory.BringUpToDateAsync(owner, revisions, cancellationToken);
        return history is null ? TimeSpan.Zero : await ManageAsync(set, history, claims.Own, unsettled, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private async ValueTask<TimeSpan?> ManageAsync(
        V1DaemonSet set,
        RevisionHistory history,
        IReadOnlyList<V1Pod> own,
        Exception? problem,
        CancellationToken cancellationToken
    )
    {
        var hash = DaemonSetHistory.Hash(history.Newest);
        TimeSpan? again = null;
        if (problem is null)
        {
            var plan = DaemonSetPlan.Compute(
                set,
                Nodes(set, own),
                hash,
                node => _backoff.Remaining(KeyOf(set), set.Metadata.Uid, set.Status?.ObservedGeneration ?? 0, node),
                _context.Time.GetUtcNow()
            );
            var surplus = DaemonSetHistory.Surplus(set, history, own);
            if (plan.Create.Count + plan.Delete.Count + surplus.Count > 0 && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
            {
                return TimeSpan.Zero;
            }
            problem = await _manager.ApplyAsync(set, plan, hash, cancellationToken);
            again = plan.RequeueAfter;
            foreach (var revision in problem is null ? surplus : [])
            {
                await _revisionHistory.DeleteAsync(revision, cancellationToken);
            }
        }
        await ReportAsync(set, hash, history.CollisionCount, cancellationToken);
        if (problem is not null)
        {
            ExceptionDispatchInfo.Throw(problem);
        }
        return again;
    }

    private DaemonSetClaims Claims(V1DaemonSet set) =>
        DaemonSetClaims.Compute(
            set,
            _caches.Pods.ControlledBy(set.Metadata.Uid).Concat(_caches.Pods.OrphansIn(set.Metadata.NamespaceProperty))
        );

    private IReadOnlyList<DaemonNode> Nodes(V1DaemonSet set, IEnumerable<V1Pod> own) =>
        DaemonNodes.Of(set, _caches.Nodes.Snapshot.Values, own);

    private async ValueTask ClaimAsync(V1DaemonSet set, DaemonSetClaims claims, CancellationToken cancellationToken)
    {
        foreach (var pod in claims.Release)
        {
            await _claims.ReleaseAsync(PodOwner.Of(set), pod, cancellationToken);
        }
        foreach (var pod in claims.Adopt)
        {
            await _claims.AdoptAsync(PodOwner.Of(set), pod, cancellationToken);
        }
    }

    private async ValueTask ReportAsync(V1DaemonSet set, string hash, int? collisionCount, CancellationToken cancellationToken)
    {
        var status = DaemonSetStatuses.Compute(
            set,
            Nodes(set, Claims(set).Own),
            hash,
            collisionCount,
            _manager.IsSettled(set),
            _context.Time.GetUtcNow()
        );
        if (!DaemonSetStatuses.AreEqual(set.Status, status))
        {
            var updated = KubernetesJson.Deserialize<V1DaemonSet>(KubernetesJson.Serialize(set));
            updated.Status = status;
            // The resourceVersion in it makes this fail, and the key come back, when the set is not the newest.
            updated = await _context.Client.UpdateStatusAsync(updated, cancellationToken);
            await _caches.DaemonSets.WaitForRevisionAsync(ulong.Parse(updated.Metadata.ResourceVersion), cancellationToken);
        }
    }

    private void OnPodChange(CacheChange<V1Pod> change)
    {
        WakeOwner(change.Old);
        WakeOwner(change.New);
        // An orphan is looked at when it is new, or its labels or its owner changed: not with each change of its status.
        if (
            change.New is { Metadata.DeletionTimestamp: null } pod
            && pod.ControllerReference() is null
            && Orphans.MayBeAdoptable(change.Old, pod)
        )
        {
            WakeMatching(pod);
        }
    }

    private void OnRevisionChange(CacheChange<V1ControllerRevision> change)
    {
        WakeOwner(change.Old);
        WakeOwner(change.New);
        if (change.New is { } revision && revision.ControllerReference() is null)
        {
            WakeMatching(revision);
        }
    }

    // Only what decides about placement; a node reports its state all the time.
    private void OnNodeChange(CacheChange<V1Node> change)
    {
        if (
            change is { Old: { } old, New: { } node }
            && LabelSets.Same(old.Metadata.Labels, node.Metadata.Labels)
            && Taints(old).SequenceEqual(Taints(node))
        )
        {
            return;
        }
        foreach (var set in _caches.DaemonSets.Snapshot.Values)
        {
            var placement = new DaemonPlacement(set);
            var before = change.Old is null ? default : placement.On(change.Old);
            var after = change.New is null ? default : placement.On(change.New);
            // Of a node that is gone, pods may be left that were meant for it.
            if (before != after || change.New is null)
            {
                _queue.Add(KeyOf(set));
            }
        }
    }

    private void WakeOwner(IKubernetesObject<V1ObjectMeta>? owned)
    {
        if (owned?.ControllerReference() is { Kind: "DaemonSet" } owner)
        {
            var key = new ObjectKey(owned.Metadata.NamespaceProperty, owner.Name);
            if (_caches.DaemonSets.Get(key)?.Metadata.Uid == owner.Uid)
            {
                _queue.Add(key);
            }
        }
    }

    private void WakeMatching(IKubernetesObject<V1ObjectMeta> orphan)
    {
        foreach (var set in _caches.DaemonSets.ByIndex(ClusterCaches.ByNamespace, orphan.Metadata.NamespaceProperty))
        {
            if (LabelSets.Selector(set.Spec.Selector).Matches(LabelSets.Of(orphan.Metadata.Labels)))
            {
                _queue.Add(KeyOf(set));
            }
        }
    }

    private static IEnumerable<(string, string?, string)> Taints(V1Node node) =>
        (node.Spec?.Taints ?? []).Select(t => (t.Key, (string?)t.Value, t.Effect));

    private static ObjectKey KeyOf(V1DaemonSet set) => new(set.Metadata.NamespaceProperty, set.Metadata.Name);
}
