using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Keeps pods with <c>spec.schedulingGates</c> from being tried.</summary>
internal sealed class SchedulingGates : IPreEnqueuePlugin, IRetryHints
{
    public string Name => "SchedulingGates";

    public ClusterEvents RetryOn => ClusterEvents.WaitingPod;

    public Verdict? Refuse(PodInfo pod) =>
        pod.Pod.Spec.SchedulingGates is { Count: > 0 } gates
            ? Verdict.Unresolvable($"waiting for scheduling gates: [{string.Join(' ', gates.Select(g => g.Name))}]")
            : null;
}
