using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Filters;

/// <summary>Keeps pods with <c>spec.schedulingGates</c> out of the active queue.</summary>
internal sealed class SchedulingGates : IPreEnqueuePlugin, IQueueingHints
{
    public string Name => "SchedulingGates";

    public ClusterEvents RetryOn => ClusterEvents.WaitingPod;

    public Status? Refuse(PodInfo pod) =>
        pod.Pod.Spec.SchedulingGates is { Count: > 0 } gates
            ? Status.Unresolvable($"waiting for scheduling gates: [{string.Join(' ', gates.Select(g => g.Name))}]")
            : null;
}
