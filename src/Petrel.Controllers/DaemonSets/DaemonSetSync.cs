using k8s.Models;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.Revisions;
using Petrel.Controllers.StatefulSets;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>Collects what is to be done about a DaemonSet's pods, node by node.</summary>
internal sealed class DaemonSetSync(V1DaemonSet set, string hash, DateTimeOffset now)
{
    private readonly bool _surges = DaemonUpdateBounds.AllowsSurge(set);
    private readonly List<string> _create = [];
    private readonly HashSet<string> _surge = [];
    private readonly List<DaemonPodDeletion> _delete = [];

    public IReadOnlyList<string> Create => _create;

    /// <summary>The nodes whose new pod starts beside an available one.</summary>
    public IReadOnlySet<string> Surge => _surge;

    public IReadOnlyList<DaemonPodDeletion> Delete => _delete;

    public TimeSpan? RequeueAfter { get; private set; }

    public bool HasWork => _create.Count > 0 || _delete.Count > 0;

    /// <summary>Sets when to plan again, if the delay is positive and earlier than the current one.</summary>
    public void RequeueIn(TimeSpan? delay)
    {
        if (delay > TimeSpan.Zero && (RequeueAfter is null || delay < RequeueAfter))
        {
            RequeueAfter = delay;
        }
    }

    public void Add(string node) => _create.Add(node);

    /// <summary>Plans a new pod beside an available one.</summary>
    public void AddSurge(string node)
    {
        Add(node);
        _surge.Add(node);
    }

    public void Remove(V1Pod pod, DaemonNode node, DaemonPodDeletionReason reason) => _delete.Add(new(pod, node.Name, reason));

    public bool IsUpdated(V1Pod pod) => DaemonPod.IsUpdated(set, pod, hash);

    public bool IsAvailable(V1Pod pod) => pod.IsAvailable(set.Spec.MinReadySeconds ?? 0, now);

    /// <summary>Plans for one node: creates a missing pod, and deletes surplus ones.</summary>
    public void Manage(DaemonNode node, Func<string, TimeSpan> backoff)
    {
        var staying = node.Pods.Where(p => p.Metadata.DeletionTimestamp is null).ToList();
        if (!node.Exists)
        {
            // The pod garbage collector deletes pods that were bound to the node. Pods that were not bound yet are deleted here.
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

    // Whether the pod is finished. Finished pods do not count.
    private bool RemoveFinished(DaemonNode node, V1Pod pod, Func<string, TimeSpan> backoff)
    {
        if (pod.Status?.Phase == "Failed")
        {
            var remaining = backoff(node.Name);
            if (remaining <= TimeSpan.Zero)
            {
                Remove(pod, node, DaemonPodDeletionReason.Failed);
            }
            RequeueIn(remaining);
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
            // With surge, a new pod does not wait for a pod that is being deleted.
            if (node.ShouldRun)
            {
                Add(node.Name);
            }
            return;
        }
        var newPods = running.Where(HasHash).ToList();
        var oldPods = running.Where(p => !HasHash(p)).ToList();
        RemoveAll(node, newPods.Skip(1));
        RemoveAll(node, oldPods.Skip(1));
        // Both may stay only while the new pod is not available and the old one is ready.
        if (newPods.Count > 0 && oldPods.Count > 0 && (!oldPods[0].IsReady() || IsAvailable(newPods[0])))
        {
            Remove(oldPods[0], node, DaemonPodDeletionReason.Outdated);
        }
    }

    private bool HasHash(V1Pod pod) => LabelSets.Of(pod.Metadata.Labels).GetValueOrDefault(RevisionOwner.PodLabel) == hash;
}
