using k8s.Models;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.Revisions;
using Petrel.Controllers.StatefulSets;

namespace Petrel.Controllers.DaemonSets;

/// <summary>One pass over the nodes, which collects what is to be done.</summary>
internal sealed class DaemonSetSync(V1DaemonSet set, string hash, DateTimeOffset now)
{
    private readonly bool _surges = DaemonUpdateBounds.AllowsSurge(set);
    private readonly List<string> _create = [];
    private readonly List<DaemonPodDeletion> _delete = [];

    public IReadOnlyList<string> Create => _create;

    public IReadOnlyList<DaemonPodDeletion> Delete => _delete;

    public TimeSpan? RequeueAfter { get; private set; }

    public bool HasWork => _create.Count > 0 || _delete.Count > 0;

    /// <summary>Notes when to come back, unless that is now or never.</summary>
    public void RequeueIn(TimeSpan? delay)
    {
        if (delay > TimeSpan.Zero && (RequeueAfter is null || delay < RequeueAfter))
        {
            RequeueAfter = delay;
        }
    }

    public void Add(string node) => _create.Add(node);

    public void Remove(V1Pod pod, DaemonNode node, DaemonPodDeletionReason why) => _delete.Add(new(pod, node.Name, why));

    public bool IsUpdated(V1Pod pod) => DaemonPod.IsUpdated(set, pod, hash);

    public bool IsAvailable(V1Pod pod) => pod.UntilAvailable(set.Spec.MinReadySeconds ?? 0, now) is { } wait && wait <= TimeSpan.Zero;

    /// <summary>Plans for one node: a pod where there should be one and there is none, and none too many.</summary>
    public void Manage(DaemonNode node, Func<string, TimeSpan> backoff)
    {
        var staying = node.Pods.Where(p => p.Metadata.DeletionTimestamp is null).ToList();
        if (!node.Exists)
        {
            // The collector of pods deletes those that were on a node; those that never were nobody else would.
            RemoveAll(node, staying.Where(p => string.IsNullOrEmpty(p.Spec.NodeName)));
        }
        else if (!node.ShouldContinueRunning)
        {
            RemoveAll(node, staying);
        }
        else if (node.ShouldRun && node.Pods.Count == 0)
        {
            Add(node.Name);
        }
        else
        {
            Prune(node, [.. staying.Where(p => !RemoveFinished(node, p, backoff))]);
        }
    }

    private void RemoveAll(DaemonNode node, IEnumerable<V1Pod> pods)
    {
        foreach (var pod in pods)
        {
            Remove(pod, node, DaemonPodDeletionReason.NotNeeded);
        }
    }

    // Whether the pod is finished; then it does not count.
    private bool RemoveFinished(DaemonNode node, V1Pod pod, Func<string, TimeSpan> backoff)
    {
        if (pod.Status?.Phase == "Failed")
        {
            var left = backoff(node.Name);
            if (left <= TimeSpan.Zero)
            {
                Remove(pod, node, DaemonPodDeletionReason.Failed);
            }
            RequeueIn(left);
        }
        else if (pod.Status?.Phase == "Succeeded")
        {
            Remove(pod, node, DaemonPodDeletionReason.Succeeded);
        }
        return pod.IsFinished();
    }

    private void Prune(DaemonNode node, List<V1Pod> running)
    {
        if (!_surges)
        {
            RemoveAll(node, running.Skip(1));
            return;
        }
        if (running.Count == 0)
        {
            // With surge, a pod on its way out is no reason to wait.
            if (node.ShouldRun)
            {
                Add(node.Name);
            }
            return;
        }
        var fresh = running.Where(HasHash).ToList();
        var old = running.Where(p => !HasHash(p)).ToList();
        RemoveAll(node, fresh.Skip(1));
        RemoveAll(node, old.Skip(1));
        // Two may stay only while the new one is not available yet and the old one is of use.
        if (fresh.Count > 0 && old.Count > 0 && (!old[0].IsReady() || IsAvailable(fresh[0])))
        {
            Remove(old[0], node, DaemonPodDeletionReason.Outdated);
        }
    }

    private bool HasHash(V1Pod pod) => LabelSets.Of(pod.Metadata.Labels).GetValueOrDefault(Revisions.RevisionOwner.PodLabel) == hash;
}
