using System.Runtime.ExceptionServices;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Revisions;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// Keeps the pods of StatefulSets, each with its own name and its own claims, and moves them to a new template one after the other. No
/// identity ever runs twice: a pod is created only under its own name, and the API keeps that name taken until the previous pod is gone.
/// </summary>
public sealed class StatefulSetController : IController
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly OwnerLookup<V1StatefulSet> _owners;
    private readonly RevisionWriter _revisions;
    private readonly StatefulPodWriter _writer;
    private readonly MetadataWriter<V1Pod> _podMetadata;
    private readonly LiveObjectCheck<V1StatefulSet> _liveCheck;
    private readonly StatusWriter<V1StatefulSet> _status;

    public StatefulSetController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _loop = new(context, "statefulset-controller", SyncAsync);
        _owners = new(_caches.StatefulSets, set => set.Spec.Selector);
        _revisions = new(context.Client, _caches.ControllerRevisions);
        _writer = new(context.Client, _caches, _loop.Events);
        _podMetadata = new(context.Client, _caches.Pods);
        _liveCheck = new(context.Client, _caches.StatefulSets);
        _status = new(context.Client, _caches.StatefulSets);

        _loop.Watch(_caches.StatefulSets);
        _loop.Watch(_caches.Pods, KeysOf);
        _loop.Watch(_caches.PersistentVolumeClaims, KeysOf);
        _loop.Watch(_caches.ControllerRevisions, _owners.ControllersOrSelecting);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    // Besides a change of its own pods, a set needs to know that one of its names is free again, and that there is a pod to adopt.
    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Pod> change)
    {
        foreach (var key in _owners.ControllersOf(change))
        {
            yield return key;
        }
        if (
            (change.New is null || change.New.ControllerReference() is null)
            && StatefulPodIdentity.Parse(change.Latest.Metadata.Name) is { } identity
            && _caches.StatefulSets.Get(new(change.Latest.Metadata.NamespaceProperty, identity.Set)) is { } set
        )
        {
            yield return set.Key();
        }
    }

    // When a claim is gone, its pod may be created. When its owners changed, they may have to be changed back.
    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1PersistentVolumeClaim> change)
    {
        var isGone = change.New is null;
        var ownersChanged = change is { Old: { } old, New: { } claim } && !OwnersOf(old).SequenceEqual(OwnersOf(claim));
        return isGone || ownersChanged
            ? _caches
                .StatefulSets.InNamespace(change.Latest.Metadata.NamespaceProperty)
                .Where(set => StatefulPodClaims.MayBeOf(set, change.Latest.Metadata.Name))
                .Select(set => set.Key())
            : [];
    }

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_caches.StatefulSets.Get(key) is not { } set)
        {
            _writer.Forget(key);
            return null;
        }
        if (set.Metadata.DeletionTimestamp is not null)
        {
            // The garbage collector decides about its pods.
            _writer.Forget(key);
            var (current, update) = (set.Status?.CurrentRevision ?? "", set.Status?.UpdateRevision ?? "");
            await WriteStatusAsync(set, current, update, set.Status?.CollisionCount, cancellationToken);
            return null;
        }
        await _writer.RetryUnknownAsync(set, cancellationToken);
        var adoption = PlanAdoption(set);
        var owner = RevisionOwner.Of(set);
        var revisions = _revisions.Plan(owner);
        if ((adoption.HasWork || revisions.HasWork) && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
        {
            return TimeSpan.Zero;
        }
        if (adoption.HasWork)
        {
            await _podMetadata.ApplyAsync(adoption, OwnerReferences.ToController(set), cancellationToken);
            return TimeSpan.Zero;
        }
        var history = RevisionWriter.HistoryOf(owner, revisions) ?? await _revisions.ApplyAsync(owner, revisions, cancellationToken);
        return history is null ? TimeSpan.Zero : await ManageAsync(set, history, adoption.Owned, cancellationToken);
    }

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
                || pods.Any(p => p.RevisionName() == r.Metadata.Name),
            set.Spec.RevisionHistoryLimit ?? 10,
            countLive: false
        );
        if ((plan.Actions.Count > 0 || surplus.Count > 0) && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
        {
            return TimeSpan.Zero;
        }
        ExceptionDispatchInfo? error = null;
        try
        {
            await _writer.ApplyAsync(set, plan.Actions, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            error = ExceptionDispatchInfo.Capture(e);
        }
        await WriteStatusAsync(set, revisions.CurrentName, revisions.UpdateName, history.CollisionCount, cancellationToken);
        foreach (var revision in surplus)
        {
            await _revisions.DeleteAsync(revision, cancellationToken);
        }
        error?.Throw();
        return plan.RequeueAfter;
    }

    // A pod belongs to a set by its labels and its name.
    private AdoptionPlan<V1Pod> PlanAdoption(V1StatefulSet set)
    {
        var selector = LabelSelectors.From(set.Spec.Selector);
        return AdoptionPlan<V1Pod>.Compute(set.Metadata, _caches.Pods.ControlledByOrOrphaned(set.Metadata), pod =>
            StatefulPodIdentity.OrdinalIn(set, pod) is not null && selector.Matches(LabelSets.Of(pod.Metadata.Labels))
        );
    }

    private async ValueTask WriteStatusAsync(
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
            PlanAdoption(set).Owned,
            _context.Time.GetUtcNow()
        );
        if (!StatefulSetStatuses.AreEqual(set.Status, status))
        {
            await _status.WriteAsync(set, copy => copy.Status = status, cancellationToken);
        }
    }

    private static IEnumerable<(string, bool?)> OwnersOf(V1PersistentVolumeClaim claim) =>
        (claim.Metadata.OwnerReferences ?? []).Select(o => (o.Uid, o.Controller));
}
