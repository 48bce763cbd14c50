using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>A preemption whose requests are being sent, for one pod or for several pods of a gang.</summary>
internal sealed class RunningPreemption(IReadOnlyList<PodInfo> victims)
{
    public IReadOnlyList<PodInfo> Victims => victims;

    /// <summary>Whether all requests succeeded; null while they are being sent.</summary>
    public bool? Succeeded { get; set; }
}
