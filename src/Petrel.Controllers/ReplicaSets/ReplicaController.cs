using System.Runtime.ExceptionServices;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.PodControl;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// Keeps the number of pods that each object of a <see cref="ReplicaKind{T}"/> asks for, adopts and releases pods by their labels, and
/// writes the status. A generation is reported as observed only when all writes that it asks for have a known outcome: a Deployment that
/// scales one ReplicaSet down and another one up relies on the numbers of an observed generation.
/// </summary>
internal sealed class ReplicaController<T> : IController
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ReplicaKind<T> _kind;
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly SharedCache<T> _sets;
    private readonly ControllerLoop _loop;
    private readonly OwnerLookup<T> _owners;
    private readonly PodWriter _pods;
    private readonly MetadataWriter<V1Pod> _podMetadata;
    private readonly LiveObjectCheck<T> _liveCheck;
    private readonly StatusWriter<T> _status;

    public ReplicaController(ReplicaKind<T> kind, ControllerContext context)
    {
        _kind = kind;
        _context = context;
        _caches = context.Caches;
        _sets = kind.Cache(_caches);
        _loop = new(context, kind.ControllerName, SyncAsync);
        _owners = new(_sets, set => kind.ToReplicaSet(set).Spec.Selector);
        _pods = new(context.Client, _caches.Pods, _loop.Events, keepsRecovered: true);
        _podMetadata = new(context.Client, _caches.Pods);
        _liveCheck = new(context.Client, _sets, (live, cached) => Replicas(live) == Replicas(cached));
        _status = new(context.Client, _sets);

        _loop.Watch(_sets);
        _loop.Watch(_caches.Pods, KeysOf);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Pod> change) =>
        change.New is { } pod && pod.IsActive() && Orphans.MayBeAdoptable(change)
            ? _owners.ControllersOf(change).Concat(_owners.Selecting(pod))
            : _owners.ControllersOf(change);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_sets.Get(key) is not { } set)
        {
            _pods.Expectations.Forget(key);
            return null;
        }
        var result = PodBatchResult.Success;
        if (set.Metadata.DeletionTimestamp is not null)
        {
            _pods.Expectations.Forget(key);
        }
        else if (await ManageAsync(set, cancellationToken) is { } managed)
        {
            result = managed;
        }
        else
        {
            return TimeSpan.Zero;
        }
        var requeueAfter = await WriteStatusAsync(set, result, cancellationToken);
        if (result.Error is { } error)
        {
            ExceptionDispatchInfo.Throw(error);
        }
        return requeueAfter;
    }

    // Null when the cached set was out of date, so that nothing may be concluded from it.
    private async ValueTask<PodBatchResult?> ManageAsync(T set, CancellationToken cancellationToken)
    {
        var retried = await _pods.RetryUnknownAsync(set, cancellationToken);
        if (retried.Error is not null)
        {
            return retried;
        }
        var plan = Plan(set);
        if (plan.Adoption.HasWork)
        {
            if (plan.Adoption.Adopt.Count > 0 && !await _liveCheck.IsUpToDateAsync(set, cancellationToken))
            {
                return null;
            }
            await _podMetadata.ApplyAsync(plan.Adoption, OwnerReferences.ToController(set), cancellationToken);
            plan = Plan(set);
        }
        return plan.Adoption.HasWork ? null : await ApplyAsync(set, plan, cancellationToken);
    }

    private ReplicaSetPlan Plan(T set) =>
        ReplicaSetPlan.Compute(
            _kind.ToReplicaSet(set),
            _caches.Pods.ControlledByOrOrphaned(set.Metadata),
            _kind.RelatedPods(_caches, set),
            _context.Time.GetUtcNow()
        );

    private async ValueTask<PodBatchResult?> ApplyAsync(T set, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Delete.Count > 0)
        {
            return await _liveCheck.IsUpToDateAsync(set, cancellationToken)
                ? await _pods.DeleteAsync(set, plan.Delete, cancellationToken)
                : null;
        }
        var template = _kind.ToReplicaSet(set).Spec.Template;
        var pods = Enumerable.Range(0, plan.Create).Select(_ => TemplatePod.From(set, template, _context.Entropy));
        using var batches = SlowStartBatches.Of(pods).GetEnumerator();
        for (var left = plan.Create; left > 0; left -= batches.Current.Count)
        {
            // Another set of the same owner may have grown because this one was scaled down: never create pods from an old spec.
            if (!await _liveCheck.IsUpToDateAsync(set, cancellationToken))
            {
                return null;
            }
            batches.MoveNext();
            var result = await _pods.CreateAsync(set, batches.Current, cancellationToken);
            if (!result.Succeeded)
            {
                return result;
            }
        }
        return PodBatchResult.Success;
    }

    private async ValueTask<TimeSpan?> WriteStatusAsync(T set, PodBatchResult result, CancellationToken cancellationToken)
    {
        var view = _kind.ToReplicaSet(set);
        var plan = ReplicaSetStatusPlan.Compute(
            view,
            _caches.Pods.ControlledBy(set.Metadata.Uid),
            result.Error is { } error ? new(result.Reason, ErrorMessages.Of(error)) : null,
            isSettled: _pods.Expectations.AreFulfilled(set),
            _context.Time.GetUtcNow()
        );
        if (!plan.IsEqualTo(view.Status, _kind.ReportsTerminating))
        {
            await _status.WriteAsync(set, copy => _kind.SetStatus(copy, plan.Status), cancellationToken);
        }
        return plan.RequeueAfter;
    }

    private int? Replicas(T set) => _kind.ToReplicaSet(set).Spec.Replicas;
}
