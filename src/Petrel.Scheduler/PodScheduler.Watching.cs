using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Queue;
using Petrel.Workloads;

namespace Petrel.Scheduler;

/// <content>What the watches tell, into the state of the cluster and the queue.</content>
public sealed partial class PodScheduler
{
    // Upstream's API server says so when such a pod is made.
    private const string GatedMessage = "Scheduling is blocked due to non-empty scheduling gates";

    private void OnPod(CacheChange<V1Pod> change)
    {
        if (change.Old is { } old && (change.New is null || change.New.Metadata.Uid != old.Metadata.Uid))
        {
            OnGone(old);
        }
        if (change.New is not { } pod)
        {
            return;
        }
        if (pod.Status?.Phase is "Succeeded" or "Failed")
        {
            OnGone(pod);
            if (pod.Status.Phase == "Succeeded" && pod.Spec.NodeName is { Length: > 0 })
            {
                // Its gang had it when it was needed.
                _gangs.Bound(new(pod));
            }
        }
        else if (pod.Spec.NodeName is { Length: > 0 } node)
        {
            OnPlaced(new(pod), node);
        }
        else if (!WantsScheduling(pod))
        {
            StopScheduling(pod);
        }
        else if (!_cluster.IsAssumed(pod.Metadata.Uid) || _queue.Find(KeyOf(pod))?.Pod.Uid == pod.Metadata.Uid)
        {
            // Not one that is bound already, of which the watch still tells from before.
            OnWaiting(new(pod), change.Old);
        }
    }

    private void OnWaiting(PodInfo pod, V1Pod? old)
    {
        var asksElse = PodChanges.WhatItAsks(old, pod.Pod);
        var (was, nominated) = (old?.Status?.NominatedNodeName ?? "", pod.Pod.Status?.NominatedNodeName ?? "");
        if (nominated.Length > 0 && nominated != was)
        {
            // By this scheduler, or by one before it.
            _cluster.Nominations.Set(pod, nominated);
        }
        else if (was.Length > 0 && nominated.Length == 0)
        {
            StopWaitingForNode(pod.Uid);
        }
        JoinGang(pod);
        _queue.AddOrUpdate(pod, asksElse);
        if (asksElse)
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
            // Somebody else bound it.
            Unreserve(waiting);
        }
        _gangs.Bound(pod);
        var wasAssumed = _cluster.IsAssumed(pod.Uid);
        var known = _cluster.Find(pod.Uid);
        _cluster.Place(pod, node);
        var happened = ClusterEvents.None;
        if (known is null || wasAssumed || !PodChanges.SameLabels(known.Pod, pod.Pod) || known.IsTerminating != pod.IsTerminating)
        {
            happened |= ClusterEvents.PodAdded;
        }
        if (known is not null && known.Requests.All.Any(r => pod.Requests.Of(r.Name) < r.Amount))
        {
            happened |= ClusterEvents.PodShrunk;
        }
        _queue.Move(new ClusterEvent(happened) { OldPod = wasAssumed ? null : known, NewPod = pod });
    }

    private void OnGone(V1Pod pod)
    {
        StopScheduling(pod);
        if (_cluster.Remove(pod.Metadata.Uid) is { } gone)
        {
            _queue.Move(new ClusterEvent(ClusterEvents.PodDeleted) { OldPod = gone });
        }
    }

    private void StopScheduling(V1Pod pod)
    {
        _queue.Remove(KeyOf(pod));
        LeaveGang(pod.Metadata.Uid);
        StopWaitingForNode(pod.Metadata.Uid);
        if (_waiting.Remove(pod.Metadata.Uid) is { } placed)
        {
            Unreserve(placed);
            if (_cluster.Forget(pod.Metadata.Uid))
            {
                _queue.Move(new ClusterEvent(ClusterEvents.PodDeleted) { OldPod = placed.Pod });
            }
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
        if (change.Old is { } old && change.New is { } now && PodChanges.SameLabels(old.Metadata.Labels, now.Metadata.Labels))
        {
            return;
        }
        _cluster.SetNamespace(change.Latest.Metadata.Name, change.New is { } ns ? LabelSets.Of(ns.Metadata.Labels) : null);
        _queue.Move(ClusterEvents.NamespaceLabels);
    }

    private void OnService(CacheChange<V1Service> change)
    {
        if (change.Old is { } old && change.New is { } now && PodChanges.SameLabels(old.Spec.Selector, now.Spec.Selector))
        {
            return;
        }
        _cluster.SetService(
            new(change.Latest.Metadata.NamespaceProperty ?? "", change.Latest.Metadata.Name),
            change.New is { } service ? LabelSets.Of(service.Spec.Selector) : null
        );
        _queue.Move(ClusterEvents.Services);
    }

    private bool WantsScheduling(V1Pod pod) => CycleOf(pod) is not null && pod.Metadata.DeletionTimestamp is null;

    private static ObjectKey KeyOf(V1Pod pod) => new(pod.Metadata.NamespaceProperty ?? "", pod.Metadata.Name);
}
