using System.Runtime.ExceptionServices;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.PodControl;
using Petrel.Model;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// Keeps as many pods of each set of a kind as it asks for, adopts and releases pods by their labels, and reports them in its status.
/// A generation is reported as observed only when everything it asked for has been tried with a known outcome: whoever scales one set down
/// and another one up (a Deployment) may rely on the numbers of an observed generation.
/// </summary>
internal sealed class ReplicaReconciler<T> : IController, IReconciler, IDisposable
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly ReplicaKind<T> _kind;
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly EventRecorder _events;
    private readonly Expectations _expectations = new();
    private readonly SharedCache<T> _sets;
    private readonly ReplicaManager<T> _manager;

    public ReplicaReconciler(ReplicaKind<T> kind, ControllerContext context)
    {
        _kind = kind;
        _context = context;
        _caches = context.Caches;
        _sets = kind.Cache(_caches);
        _queue = new(context.Time);
        _events = context.Events(Name);
        _manager = new(kind, context.Client, _caches, new(context.Client, _events, _expectations), _expectations, context.Entropy);
        _sets.OnChange(change => _queue.Add(KeyOf(change.Latest)));
        _caches.Pods.OnChange(OnPodChange);
    }

    /// <inheritdoc/>
    public string Name => _kind.ControllerName;

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
        if (_sets.Get(key) is not { } set)
        {
            _expectations.Forget(key);
            return null;
        }
        var result = ManageResult.Good;
        if (set.Metadata.DeletionTimestamp is null)
        {
            result = await ManageAsync(set, cancellationToken);
        }
        else
        {
            _expectations.Forget(key);
        }
        if (result.Stale)
        {
            return TimeSpan.Zero;
        }
        var again = await ReportAsync(set, result, cancellationToken);
        if (result.Problem is { } problem)
        {
            ExceptionDispatchInfo.Throw(problem);
        }
        return again;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private async ValueTask<ManageResult> ManageAsync(T set, CancellationToken cancellationToken)
    {
        var settled = await _manager.RetryUnknownWritesAsync(set, cancellationToken);
        if (settled.Problem is not null)
        {
            return settled;
        }
        var plan = Plan(set);
        if (plan.HasClaims)
        {
            if (!await _manager.ClaimAsync(set, plan, cancellationToken) || (plan = Plan(set)).HasClaims)
            {
                return ManageResult.Behind;
            }
        }
        return await _manager.ApplyAsync(set, plan, cancellationToken);
    }

    private ReplicaSetPlan Plan(T set) =>
        ReplicaSetPlan.Compute(
            _kind.View(set),
            _caches.Pods.ControlledBy(set.Metadata.Uid).Concat(_caches.Pods.OrphansIn(set.Metadata.NamespaceProperty)),
            _kind.RelatedPods(_caches, set),
            _context.Time.GetUtcNow()
        );

    private async ValueTask<TimeSpan?> ReportAsync(T set, ManageResult result, CancellationToken cancellationToken)
    {
        var (creates, deletes) = _expectations.Pending(PodOwner.Of(set));
        var failure = result.Problem is { } problem ? new ReplicaFailure(result.Reason, PodWriter.MessageOf(problem)) : null;
        var view = _kind.View(set);
        var plan = ReplicaSetStatusPlan.Compute(
            view,
            _caches.Pods.ControlledBy(set.Metadata.Uid),
            failure,
            settled: creates.Count == 0 && deletes.Count == 0,
            _context.Time.GetUtcNow()
        );
        if (!plan.Is(view.Status, _kind.ReportsTerminating))
        {
            var updated = KubernetesJson.Deserialize<T>(KubernetesJson.Serialize(set));
            _kind.Report(updated, plan.Status);
            // The resourceVersion in it makes this fail, and the key come back, when the set is not the newest.
            updated = await _context.Client.UpdateStatusAsync(updated, cancellationToken);
            await _sets.WaitForRevisionAsync(ulong.Parse(updated.Metadata.ResourceVersion), cancellationToken);
        }
        return plan.RequeueAfter;
    }

    private void OnPodChange(CacheChange<V1Pod> change)
    {
        WakeOwner(change.Old);
        WakeOwner(change.New);
        if (change.New is { } pod && pod.ControllerReference() is null && pod.IsActive() && Orphans.MayBeAdoptable(change.Old, pod))
        {
            foreach (var set in _sets.ByIndex(ClusterCaches.ByNamespace, pod.Metadata.NamespaceProperty))
            {
                if (LabelSets.Selector(_kind.View(set).Spec.Selector).Matches(LabelSets.Of(pod.Metadata.Labels)))
                {
                    _queue.Add(KeyOf(set));
                }
            }
        }
    }

    private void WakeOwner(V1Pod? pod)
    {
        if (pod?.ControllerReference() is { } owner && owner.Kind == TypedKind<T>.Kind.Kind)
        {
            var key = new ObjectKey(pod.Metadata.NamespaceProperty, owner.Name);
            if (_sets.Get(key)?.Metadata.Uid == owner.Uid)
            {
                _queue.Add(key);
            }
        }
    }

    private static ObjectKey KeyOf(T set) => new(set.Metadata.NamespaceProperty, set.Metadata.Name);
}
