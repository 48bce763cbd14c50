using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.PodControl;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>Applies a <see cref="DaemonSetPlan"/>, and returns when the pod cache shows the result.</summary>
internal sealed class DaemonPodWriter(ControllerContext context, EventRecorder events)
{
    private readonly PodWriter _pods = new(context.Client, context.Caches.Pods, events, keepsRecovered: true);
    private readonly FailedPodBackoff _backoff = new(context.Time);

    /// <summary>Forgets a set that is gone.</summary>
    public void Forget(ObjectKey set)
    {
        _pods.Expectations.Forget(set);
        _backoff.Forget(set);
    }

    /// <summary>How long a failed pod of the set on a node is still kept; zero or less when it may be deleted now.</summary>
    public TimeSpan BackoffOf(V1DaemonSet set, string node) => _backoff.Remaining(set, node);

    /// <summary>Whether the outcome of every write for the set is known.</summary>
    public bool IsSettled(V1DaemonSet set) => _pods.Expectations.AreFulfilled(set);

    /// <summary>Repeats the writes whose outcome is unknown. Nothing may be planned before that succeeds.</summary>
    public ValueTask<PodBatchResult> RetryUnknownAsync(V1DaemonSet set, CancellationToken cancellationToken) =>
        _pods.RetryUnknownAsync(set, cancellationToken);

    /// <summary>Creates, then deletes what the plan says. Returns the first error, or null.</summary>
    public async ValueTask<Exception?> ApplyAsync(V1DaemonSet set, DaemonSetPlan plan, string hash, CancellationToken cancellationToken)
    {
        var created = PodBatchResult.Success;
        foreach (var batch in SlowStartBatches.Of(plan.Create.Select(node => DaemonPod.For(set, node, hash, context.Entropy))))
        {
            created = await _pods.CreateAsync(set, batch, cancellationToken);
            if (!created.Succeeded || HasRecovered(set, plan, hash))
            {
                break;
            }
        }
        foreach (var deletion in plan.Delete)
        {
            RecordReason(set, deletion);
        }
        var deleted = await _pods.DeleteAsync(set, [.. plan.Delete.Select(d => d.Pod)], cancellationToken);
        return created.Error ?? deleted.Error;
    }

    // Whether the cache, which shows the batch before, shows that a pod to be replaced has become ready: its replacement would be a
    // surge, and has to be counted. The new pods lead to the next plan.
    private bool HasRecovered(V1DaemonSet set, DaemonSetPlan plan, string hash)
    {
        var replaced = plan.Create.Except(plan.Surge).ToHashSet(StringComparer.Ordinal);
        return replaced.Count > 0
            && context
                .Caches.Pods.ControlledBy(set.Metadata.Uid)
                .Any(p => p.IsActive() && p.IsReady() && replaced.Contains(p.Spec.NodeName ?? "") && !DaemonPod.IsUpdated(set, p, hash));
    }

    private void RecordReason(V1DaemonSet set, DaemonPodDeletion deletion)
    {
        var (pod, node) = (deletion.Pod.Key(), deletion.Node);
        if (deletion.Reason == DaemonPodDeletionReason.Failed)
        {
            _backoff.RecordDeletion(set, node);
            events.Record(set, "Warning", "FailedDaemonPod", $"Found failed daemon pod {pod} on node {node}, will try to kill it");
        }
        else if (deletion.Reason == DaemonPodDeletionReason.Succeeded)
        {
            events.Record(set, "Normal", "SucceededDaemonPod", $"Found succeeded daemon pod {pod} on node {node}, will try to delete it");
        }
    }
}
