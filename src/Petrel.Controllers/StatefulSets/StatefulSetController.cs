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

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// Keeps the pods of StatefulSets, each with its own name and its own claims, and moves them to a new template one after the other. Its
/// promise is that an identity never runs twice: a pod is created only under its own name, which is taken until the pod before is gone.
/// </summary>
public sealed class StatefulSetController : IController, IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly EventRecorder _events;
    private readonly Expectations _expectations = new();
    private readonly RevisionHistoryWriter _history;
    private readonly StatefulPodWriter _writer;
    private readonly PodAdopter _claims;
    private readonly LiveObjectCheck<V1StatefulSet> _liveCheck;

    public StatefulSetController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _queue = new(context.Time);
        _events = context.Events(Name);
        _history = new(context.Client, _caches.ControllerRevisions);
        _writer = new(context.Client, _caches, _events, _expectations);
        _claims = new(context.Client, _caches.Pods);
        _liveCheck = new(context.Client, _caches.StatefulSets);
        _caches.StatefulSets.OnChange(change => _queue.Add(KeyOf(change.Latest)));
        _caches.Pods.OnChange(OnPodChange);
        _caches.PersistentVolumeClaims.OnChange(OnClaimChange);
        _caches.ControllerRevisions.OnChange(OnRevisionChange);
    }

    /// <inheritdoc/>
    public string Name => "statefulset-controller";

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
        if (_caches.StatefulSets.Get(key) is not { } set)
        {
            _expectations.Forget(key);
            return null;
        }
        if (set.Metadata.DeletionTimestamp is not null)
        {
            _expectations.Forget(key);
            await ReportAsync(
                set,
                set.Status?.CurrentRevision ?? "",
                set.Status?.UpdateRevision ?? "",
                set.Status?.CollisionCount,
                cancellationToken
            );
            return null;
        }
        await _writer.RetryUnknownWritesAsync(set, cancellationToken);
        var claims = Claims(set);
        var owner = RevisionOwner.Of(set);
        var revisions = _history.Plan(owner);
        if ((claims.IsBehind || revisions.IsBehind) && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
        {
            return TimeSpan.Zero;
        }
        if (claims.IsBehind)
        {
            await ClaimAsync(set, claims, cancellationToken);
            return TimeSpan.Zero;
        }
        var history = RevisionHistoryWriter.Known(owner, revisions)
            ?? await _history.BringUpToDateAsync(owner, revisions, cancellationToken);
        return history is null ? TimeSpan.Zero : await ManageAsync(set, history, claims.Pods, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private async ValueTask<TimeSpan?> ManageAsync(
        V1StatefulSet set,
        RevisionHistory history,
        IReadOnlyList<V1Pod> pods,
        CancellationToken cancellationToken
    )
    {
        var revisions = StatefulSetRevisions.From(set, history);
        var plan = StatefulSetPlan.Compute(
            set,
            revisions,
            pods,
            name => _caches.PersistentVolumeClaims.Get(new(set.Metadata.NamespaceProperty, name)),
            _context.Time.GetUtcNow()
        );
        var surplus = RevisionPlan.Truncate(
            history.Revisions,
            r =>
                r.Metadata.Name == revisions.CurrentName
                || r.Metadata.Name == revisions.UpdateName
                || pods.Any(p => p.Revision() == r.Metadata.Name),
            set.Spec.RevisionHistoryLimit ?? 10,
            countLive: false
        );
        if ((plan.Actions.Count > 0 || surplus.Count > 0) && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
        {
            return TimeSpan.Zero;
        }
        ExceptionDispatchInfo? problem = null;
        try
        {
            await _writer.ApplyAsync(set, plan.Actions, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            problem = ExceptionDispatchInfo.Capture(e);
        }
        await ReportAsync(set, revisions.CurrentName, revisions.UpdateName, history.CollisionCount, cancellationToken);
        foreach (var revision in surplus)
        {
            await _history.DeleteAsync(revision, cancellationToken);
        }
        problem?.Throw();
        return plan.RequeueAfter;
    }

    private StatefulSetClaims Claims(V1StatefulSet set) =>
        StatefulSetClaims.Compute(
            set,
            _caches.Pods.ControlledBy(set.Metadata.Uid).Concat(_caches.Pods.OrphansIn(set.Metadata.NamespaceProperty))
        );

    private async ValueTask ClaimAsync(V1StatefulSet set, StatefulSetClaims claims, CancellationToken cancellationToken)
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

    private async ValueTask ReportAsync(
        V1StatefulSet set,
        string currentRevision,
        string updateRevision,
        int? collisionCount,
        CancellationToken cancellationToken
    )
    {
        var status = StatefulSetStatuses.Compute(
            set,
            currentRevision,
            updateRevision,
            collisionCount,
            Claims(set).Pods,
            _context.Time.GetUtcNow()
        );
        if (!StatefulSetStatuses.AreEqual(set.Status, status))
        {
            var updated = KubernetesJson.Deserialize<V1StatefulSet>(KubernetesJson.Serialize(set));
            updated.Status = status;
            // The resourceVersion in it makes this fail, and the key come back, when the set is not the newest.
            updated = await _context.Client.UpdateStatusAsync(updated, cancellationToken);
            await _caches.StatefulSets.WaitForRevisionAsync(ulong.Parse(updated.Metadata.ResourceVersion), cancellationToken);
        }
    }

    private void OnPodChange(CacheChange<V1Pod> change)
    {
        WakeOwner(change.Old);
        WakeOwner(change.New);
        // A name that is free again, or a pod to adopt.
        if (
            (change.New is null || change.New.ControllerReference() is null)
            && StatefulPodIdentity.Parse(change.Latest.Metadata.Name) is { } identity
            && _caches.StatefulSets.Get(new(change.Latest.Metadata.NamespaceProperty, identity.Set)) is { } set
        )
        {
            _queue.Add(KeyOf(set));
        }
    }

    // When a claim is gone, its pod may be created; when its owners were changed, they may have to be changed back.
    private void OnClaimChange(CacheChange<V1PersistentVolumeClaim> change)
    {
        if (
            change.New is not null
            && (
                change.Old is null
                || (change.Old.Metadata.OwnerReferences ?? [])
                    .Select(o => (o.Uid, o.Controller))
                    .SequenceEqual((change.New.Metadata.OwnerReferences ?? []).Select(o => (o.Uid, o.Controller)))
            )
        )
        {
            return;
        }
        foreach (var set in _caches.StatefulSets.ByIndex(ClusterCaches.ByNamespace, change.Latest.Metadata.NamespaceProperty))
        {
            if (StatefulPodClaims.MayBeOf(set, change.Latest.Metadata.Name))
            {
                _queue.Add(KeyOf(set));
            }
        }
    }

    private void OnRevisionChange(CacheChange<V1ControllerRevision> change)
    {
        WakeOwner(change.Old);
        WakeOwner(change.New);
        if (change.New is { } revision && revision.ControllerReference() is null)
        {
            foreach (var set in _caches.StatefulSets.ByIndex(ClusterCaches.ByNamespace, revision.Metadata.NamespaceProperty))
            {
                if (LabelSets.Selector(set.Spec.Selector).Matches(LabelSets.Of(revision.Metadata.Labels)))
                {
                    _queue.Add(KeyOf(set));
                }
            }
        }
    }

    private void WakeOwner(IKubernetesObject<V1ObjectMeta>? owned)
    {
        if (owned?.ControllerReference() is { Kind: "StatefulSet" } owner)
        {
            var key = new ObjectKey(owned.Metadata.NamespaceProperty, owner.Name);
            if (_caches.StatefulSets.Get(key)?.Metadata.Uid == owner.Uid)
            {
                _queue.Add(key);
            }
        }
    }

    private static ObjectKey KeyOf(V1StatefulSet set) => new(set.Metadata.NamespaceProperty, set.Metadata.Name);
}
