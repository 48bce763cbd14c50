using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Composition;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;
using Petrel.Scheduler.Settings;

namespace Petrel.Bench.Scheduler;

/// <summary>What a run cost, for each pod.</summary>
internal readonly record struct Cost(double Seconds, long Bytes, int Pods, int Placed)
{
    public double PerSecond => Pods / Seconds;
    public double Microseconds => Seconds * 1e6 / Pods;
    public long BytesPerPod => Bytes / Pods;
}

/// <summary>
/// The scheduling loop on one thread without an API: pods come as the watch brings them, go through the queue, are placed, and are
/// confirmed as the watch would do. What an API costs, and reading its JSON, isn't in it.
/// </summary>
internal static class Loop
{
    private const int ChurnEvery = 10;

    /// <param name="keeps">Whether what is worked out for a pod serves the next ones of its signature; without it, every pod is the first
    /// of its kind.</param>
    public static Cost Run(Workload workload, int nodes, int pods, bool keeps)
    {
        var cluster = new ClusterState();
        for (var i = 0; i < nodes; i++)
        {
            cluster.SetNode(Make.Node(i));
        }
        cluster.SetNamespace("default", new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = "default" });
        var queue = new SchedulingQueue(TimeProvider.System, new SchedulerSettings());
        var cycle = new SchedulingCycle(ProfileFactory.Create(new(new(), cluster, new NoObjects())), cluster, new SeededEntropy(1))
        {
            KeepsStates = keeps,
        };
        for (var i = 0; workload.Placed is { } before && i < nodes * workload.PlacedPerNode; i++)
        {
            cluster.Place(new(before(i)), Make.Node(i % nodes).Metadata.Name);
        }
        pods = Math.Min(pods, workload.MostPerNode * nodes ?? pods);
        V1Pod[] waiting = [.. Enumerable.Range(0, pods).Select(workload.Pod)];

        GC.Collect();
        // Processor time, as the machine may have other work; what the runtime does beside the loop's thread is in it.
        var (start, bytes) = (Environment.CpuUsage.TotalTime, GC.GetAllocatedBytesForCurrentThread());
        foreach (var pod in waiting)
        {
            queue.AddOrUpdate(new(pod), schedulingChanged: true);
        }
        var placed = ScheduleAll(workload, cluster, queue, cycle, nodes);
        return new((Environment.CpuUsage.TotalTime - start).TotalSeconds, GC.GetAllocatedBytesForCurrentThread() - bytes, pods, placed);
    }

    private static int ScheduleAll(Workload workload, ClusterState cluster, SchedulingQueue queue, SchedulingCycle cycle, int nodes)
    {
        var (batch, placed, dice) = (new List<QueuedPod>(), new List<PodInfo>(), new SeededEntropy(2));
        while (true)
        {
            queue.TakeBatch(64, batch);
            if (batch.Count == 0)
            {
                return placed.Count;
            }
            foreach (var queued in batch)
            {
                var placement = cycle.Schedule(queued.Pod);
                if (placement.PostFilter?.Preemption is { } preemption)
                {
                    PreemptForGang(cluster, queue, queued.Pod, preemption);
                    placement = cycle.Schedule(queued.Pod);
                    cluster.Nominations.Remove(queued.Pod.Uid);
                }
                if (placement.NodeName is null)
                {
                    queue.PutUnschedulable(queued, placement.RetryOn, placement.RefusedBy);
                    continue;
                }
                cluster.Place(queued.Pod, placement.NodeName, assumed: true);
                queue.Remove(queued.Pod.Key);
                cluster.Place(new(queued.Pod.Pod), placement.NodeName);
                queue.Move(new ClusterEvent(ClusterEvents.PodAdded) { NewPod = queued.Pod });
                placed.Add(queued.Pod);
                if (workload.Churns && placed.Count % ChurnEvery == 0)
                {
                    Churn(cluster, queue, placed[dice.Next(placed.Count)], nodes, dice);
                }
            }
        }
    }

    // Victims end at once.
    private static void PreemptForGang(ClusterState cluster, SchedulingQueue queue, PodInfo pod, PreemptionRecord preemption)
    {
        cluster.Nominations.Set(pod, preemption.Node);
        foreach (var victim in preemption.Victims)
        {
            queue.Move(new ClusterEvent(ClusterEvents.PodDeleted) { OldPod = cluster.Remove(victim.Uid) });
        }
    }

    // A pod goes, now and then a node is cordoned or comes back.
    private static void Churn(ClusterState cluster, SchedulingQueue queue, PodInfo pod, int nodes, SeededEntropy dice)
    {
        if (cluster.Remove(pod.Uid) is { } gone)
        {
            queue.Move(new ClusterEvent(ClusterEvents.PodDeleted) { OldPod = gone });
        }
        if (dice.Next(ChurnEvery) == 0)
        {
            var node = Make.Node(dice.Next(nodes));
            node.Spec.Unschedulable = dice.Next(2) == 0;
            cluster.SetNode(node);
            queue.Move(new ClusterEvent(ClusterEvents.NodeTaints) { Node = node });
        }
    }
}
