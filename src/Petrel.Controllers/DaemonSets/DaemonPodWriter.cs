using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.PodControl;
using Petrel.Controllers.StatefulSets;
using Petrel.Model;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// Carries out a <see cref="DaemonSetPlan"/>. It returns only when the pod cache shows what was done, so that the next plan starts from it.
/// Answers the first problem, if there is one.
/// </summary>
internal sealed class DaemonPodWriter(
    ClusterCaches caches,
    PodWriter writer,
    EventRecorder events,
    Expectations expectations,
    FailedPodBackoff backoff,
    IEntropy entropy
)
{
    /// <summary>
    /// Repeats the writes whose outcome is unknown, exactly as they were. Nothing new may be planned before all are known.
    /// </summary>
    public async ValueTask<Exception?> RetryUnknownWritesAsync(V1DaemonSet set, CancellationToken cancellationToken)
    {
        var (creates, deletes) = expectations.Pending(PodOwner.Of(set));
        var (created, _) = await CreateAsync(set, creates, repeated: true, cancellationToken);
        return created ?? await DeleteAsync(set, deletes, cancellationToken);
    }

    /// <summary>Whether the outcome of everything that was tried is known.</summary>
    public bool IsSettled(V1DaemonSet set) => expectations.Pending(PodOwner.Of(set)) is { Creates.Count: 0, Deletes.Count: 0 };

    /// <summary>Creates, then deletes, what the plan says.</summary>
    public async ValueTask<Exception?> ApplyAsync(V1DaemonSet set, DaemonSetPlan plan, string hash, CancellationToken cancellationToken)
    {
        Exception? problem = null;
        // Slow start: what makes one create fail (a quota, say) makes them all fail, and is found out with few of them.
        for (var (batch, done) = (1, 0); done < plan.Create.Count; done += batch, batch *= 2)
        {
            V1Pod[] pods = [.. plan.Create.Skip(done).Take(batch).Select(node => DaemonPod.For(set, node, hash, entropy))];
            (problem, var stop) = await CreateAsync(set, pods, repeated: false, cancellationToken);
            if (stop)
            {
                break;
            }
        }
        foreach (var deletion in plan.Delete)
        {
            RecordDeletionReason(set, deletion);
        }
        return await DeleteAsync(set, [.. plan.Delete.Select(d => d.Pod)], cancellationToken) is { } failure ? problem ?? failure : problem;
    }

    private async ValueTask<(Exception? Problem, bool Stop)> CreateAsync(
        V1DaemonSet set,
        IReadOnlyList<V1Pod> pods,
        bool repeated,
        CancellationToken cancellationToken
    )
    {
        var writes = await Task.WhenAll(pods.Select(pod => writer.CreateAsync(PodOwner.Of(set), pod, repeated, cancellationToken)));
        await caches.Pods.WaitForRevisionAsync(writes.Select(w => w.Revision).DefaultIfEmpty().Max(), cancellationToken);
        // A namespace on its way out ends the work without being a problem.
        return (FirstProblem(writes), writes.Any(w => w.Outcome != PodWriteOutcome.Succeeded));
    }

    private async ValueTask<Exception?> DeleteAsync(V1DaemonSet set, IReadOnlyList<V1Pod> pods, CancellationToken cancellationToken)
    {
        var writes = await Task.WhenAll(pods.Select(pod => writer.DeleteAsync(PodOwner.Of(set), pod, cancellationToken)));
        foreach (var (pod, _) in pods.Zip(writes).Where(x => x.Second.Outcome == PodWriteOutcome.Succeeded))
        {
            var key = new ObjectKey(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
            await caches.Pods.WaitUntilAsync(
                () =>
                    caches.Pods.Get(key) is not { } seen
                    || seen.Metadata.Uid != pod.Metadata.Uid
                    || seen.Metadata.DeletionTimestamp is not null,
                cancellationToken
            );
        }
        return FirstProblem(writes);
    }

    private void RecordDeletionReason(V1DaemonSet set, DaemonPodDeletion deletion)
    {
        var name = $"{deletion.Pod.Metadata.NamespaceProperty}/{deletion.Pod.Metadata.Name}";
        if (deletion.Reason == DaemonPodDeletionReason.Failed)
        {
            backoff.RecordDeletion(
                new(set.Metadata.NamespaceProperty, set.Metadata.Name),
                set.Metadata.Uid,
                set.Status?.ObservedGeneration ?? 0,
                deletion.Node
            );
            events.Record(
                set,
                "Warning",
                "FailedDaemonPod",
                $"Found failed daemon pod {name} on node {deletion.Node}, will try to kill it"
            );
        }
        else if (deletion.Reason == DaemonPodDeletionReason.Succeeded)
        {
            events.Record(
                set,
                "Normal",
                "SucceededDaemonPod",
                $"Found succeeded daemon pod {name} on node {deletion.Node}, will try to delete it"
            );
        }
    }

    private static Exception? FirstProblem(PodWrite[] writes) =>
        writes.FirstOrDefault(w => w.Outcome is PodWriteOutcome.Rejected or PodWriteOutcome.Unknown).Problem;
}
