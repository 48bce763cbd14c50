using System.Runtime.ExceptionServices;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.OwnedPods;
using Petrel.Model;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// Keeps as many pods of each ReplicaSet as it asks for, adopts and releases pods by their labels, and reports them in its status.
/// A generation is reported as observed only when everything it asked for has been tried with a known outcome: whoever scales one set down and
/// another one up (a Deployment) may rely on the numbers of an observed generation.
/// </summary>
public sealed class ReplicaSetController : IController, IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly EventRecorder _events;
    private readonly UnknownWrites _unknown = new();
    private readonly ReplicaManager _manager;

    public ReplicaSetController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _queue = new(context.Time);
        _events = context.Events(Name);
        _manager = new(context.Client, _caches, new(context.Client, _events, _unknown), _unknown, context.Entropy);
        _caches.ReplicaSets.OnChange(change => _queue.Add(KeyOf(change.Latest)));
        _caches.Pods.OnChange(OnPodChange);
    }

    /// <inheritdoc/>
    public string Name => "replicaset-controller";

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
        if (_caches.ReplicaSets.Get(key) is not { } set)
        {
            _unknown.Forget(key);
            return null;
        }
        var result = ManageResult.Good;
        if (set.Metadata.DeletionTimestamp is null)
        {
            result = await ManageAsync(set, cancellationToken);
        }
        else
        {
            _unknown.Forget(key);
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

    private async ValueTask<ManageResult> ManageAsync(V1ReplicaSet set, CancellationToken cancellationToken)
    {
        var settled = await _manager.SettleAsync(set, cancellationToken);
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

    private ReplicaSetPlan Plan(V1ReplicaSet set) => ReplicaSetPlan.Compute(
        set,
        _caches.Pods.ControlledBy(set.Metadata.Uid).Concat(_caches.Pods.OrphansIn(set.Metadata.NamespaceProperty)),
        RelatedPods(set),
        _context.Time.GetUtcNow());

    // Without an owner there are no related sets, and upstream then looks at nobody's nodes.
    private IEnumerable<V1Pod> RelatedPods(V1ReplicaSet set) => set.ControllerReference() is { } owner
        ? _caches.ReplicaSets.ControlledBy(owner.Uid).SelectMany(related => _caches.Pods.ControlledBy(related.Metadata.Uid))
        : [];

    private async ValueTask<TimeSpan?> ReportAsync(V1ReplicaSet set, ManageResult result, CancellationToken cancellationToken)
    {
        var (creates, deletes) = _unknown.Of(PodOwner.Of(set));
        var failure = result.Problem is { } problem ? new ReplicaFailure(result.Reason, PodWriter.Words(problem)) : null;
        var plan = ReplicaSetStatusPlan.Compute(
            set,
            _caches.Pods.ControlledBy(set.Metadata.Uid),
            failure,
            settled: creates.Count == 0 && deletes.Count == 0,
            _context.Time.GetUtcNow());
        if (!plan.Is(set.Status))
        {
            var updated = KubernetesJson.Deserialize<V1ReplicaSet>(KubernetesJson.Serialize(set));
            updated.Status = plan.Status;
            // The resourceVersion in it makes this fail, and the key come back, when the set is not the newest.
            updated = await _context.Client.UpdateStatusAsync(updated, cancellationToken);
            await _caches.ReplicaSets.WaitForRevisionAsync(ulong.Parse(updated.Metadata.ResourceVersion), cancellationToken);
        }
        return plan.Again;
    }

    private void OnPodChange(CacheChange<V1Pod> change)
    {
        WakeOwner(change.Old);
        WakeOwner(change.New);
        if (change.New is { } pod && pod.ControllerReference() is null && pod.IsActive() && MayBeAdoptable(change.Old, pod))
        {
            foreach (var set in _caches.ReplicaSets.In(pod.Metadata.NamespaceProperty))
            {
                if (LabelSets.Selector(set.Spec.Selector).Matches(LabelSets.Of(pod.Metadata.Labels)))
                {
                    _queue.Add(KeyOf(set));
                }
            }
        }
    }

    // An orphan is looked at when it is new, or its labels or its owner changed: not with each change of its status.
    private static bool MayBeAdoptable(V1Pod? old, V1Pod pod) =>
        old is null
        || old.ControllerReference() is not null
        || !LabelSets.Of(old.Metadata.Labels).OrderBy(l => l.Key, StringComparer.Ordinal)
            .SequenceEqual(LabelSets.Of(pod.Metadata.Labels).OrderBy(l => l.Key, StringComparer.Ordinal));

    private void WakeOwner(V1Pod? pod)
    {
        if (pod?.ControllerReference() is { Kind: "ReplicaSet" } owner)
        {
            var key = new ObjectKey(pod.Metadata.NamespaceProperty, owner.Name);
            if (_caches.ReplicaSets.Get(key)?.Metadata.Uid == owner.Uid)
            {
                _queue.Add(key);
            }
        }
    }

    private static ObjectKey KeyOf(V1ReplicaSet set) => new(set.Metadata.NamespaceProperty, set.Metadata.Name);
}
