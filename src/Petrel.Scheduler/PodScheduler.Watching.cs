using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Workloads;

namespace Petrel.Scheduler;

/// <content>Brings the changes that watches tell into the cluster's state and the queue.</content>
public sealed partial class PodScheduler
{
    // Upstream's API server writes this condition when it creates such a pod.
    private const string GatedMessage = "Scheduling is blocked due to non-empty scheduling gates";

    private void OnPod(CacheChange<V1Pod> change)
    {
        if (change.Old is { } old && (change.New is null || change.New.Metadata.Uid != old.Metadata.Uid))
        {
            OnPodDeleted(old);
        }
        if (change.New is not { } pod)
        {
            return;
        }
        if (pod.IsFinished())
        {
            OnPodDeleted(pod);
            if (pod.Status.Phase == "Succeeded" && pod.Spec.NodeName is { Length: > 0 })
            {
                // A pod that succeeded counts for its gang.
                _gangs.Bound(new(pod));
            }
        }
        else if (pod.Spec.NodeName is { Length: > 0 } node)
        {
            OnPlaced(new(pod), node);
        }
        else if (!IsPending(pod))
        {
            StopScheduling(pod);
        }
        else if (!_cluster.IsAssumed(pod.Metadata.Uid) || _queue.Find(pod.Key())?.Pod.Uid == pod.Metadata.Uid)
        {
            // A pod that was bound already is skipped: this event of the watch is older than the binding.
            OnPending(new(pod), change.Old);
        }
    }

    private void OnPending(PodInfo pod, V1Pod? old)
    {
        var changed = PodChanges.AffectScheduling(old, pod.Pod);
        var (was, nominated) = (old?.Status?.NominatedNodeName ?? "", pod.Pod.Status?.NominatedNodeName ?? "");
        if (nominated.Length > 0 && nominated != was)
        {
            // This scheduler or an earlier one nominated the pod.
            _cluster.Nominations.Set(pod, nominated);
        }
        else if (was.Length > 0 && nominated.Length == 0)
        {
            ClearNomination(pod.Uid);
        }
        JoinGang(pod);
        _queue.AddOrUpdate(pod, changed);
        if (changed)
        {
            _queue.Move(new ClusterEvent(ClusterEvents.WaitingPod) { NewPod = pod });
        }
        if (pod.Pod.Spec.SchedulingGates is { Count: > 0 } && pod.Pod.Status?.Conditions?.Any(c => c.Type == "PodScheduled") != true)
        {
            _failures.Report(pod.Pod, "SchedulingGated", GatedMessage);
        }
    }

    private void OnPlaced(PodInfo pod, string node)
    {
        _queue.Remove(pod.Key);
        _cluster.Nominations.Remove(pod.Uid);
        if (_waiting.Remove(pod.Uid) is { } waiting)
        {
            // Another client bound the pod.
            Unreserve(waiting);
        }
        _gangs.Bound(pod);
        var wasAssumed = _cluster.IsAssumed(pod.Uid);
        var known = _cluster.Find(pod.Uid);
        _cluster.Place(pod, node);
        var events = ClusterEvents.None;
        if (known is null || wasAssumed || !PodChanges.SameLabels(known.Pod, pod.Pod) || known.IsTerminating != pod.IsTerminating)
        {
            events |= ClusterEvents.PodAdded;
        }
        if (known is not null && known.Requests.All.Any(r => pod.Requests.Of(r.Name) < r.Amount))
        {
            events |= ClusterEvents.PodShrunk;
        }
        _queue.Move(new ClusterEvent(events) { OldPod = wasAssumed ? null : known, NewPod = pod });
    }

    private void OnPodDeleted(V1Pod pod)
    {
        StopScheduling(pod);
        if (_cluster.Remove(pod.Metadata.Uid) is { } gone)
        {
            _queue.Move(new ClusterEvent(ClusterEvents.PodDeleted) { OldPod = gone });
        }
    }

    private void StopScheduling(V1Pod pod)
    {
        _queue.Remove(pod.Key());
        LeaveGang(pod.Metadata.Uid);
        ClearNomination(pod.Metadata.Uid);
        if (_waiting.Remove(pod.Metadata.Uid) is { } placed)
        {
            Unreserve(placed);
            ForgetAssumed(placed.Pod);
        }
    }

    private void OnNode(CacheChange<V1Node> change)
    {
        if (change.New is { } node)
        {
            _cluster.SetNode(node);
            _queue.Move(new ClusterEvent(NodeChanges.Between(change.Old, node)) { Node = node });
        }
        else
        {
            _cluster.RemoveNode(change.Latest.Metadata.Name);
            _queue.Move(ClusterEvents.NodeDeleted);
        }
    }

    private void OnNamespace(CacheChange<V1Namespace> change)
    {
        if (change.Old is { } old && change.New is { } now && LabelSets.AreEqual(old.Metadata.Labels, now.Metadata.Labels))
        {
            return;
        }
        _cluster.SetNamespace(change.Latest.Metadata.Name, change.New is { } ns ? LabelSets.Of(ns.Metadata.Labels) : null);
        _queue.Move(ClusterEvents.NamespaceLabels);
    }

    private void OnService(CacheChange<V1Service> change)
    {
        if (change.Old is { } old && change.New is { } now && LabelSets.AreEqual(old.Spec.Selector, now.Spec.Selector))
        {
            return;
        }
        _cluster.SetService(change.Latest.Key(), change.New is { } service ? LabelSets.Of(service.Spec.Selector) : null);
        _queue.Move(ClusterEvents.Services);
    }

    // Whether this scheduler is responsible for the pod, and the pod is not being deleted.
    private bool IsPending(V1Pod pod) => CycleOf(pod) is not null && !pod.IsDeleting();
}
