using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>A preemption that is being carried out, for one pod or for several that go together.</summary>
internal sealed class RunningPreemption(IReadOnlyList<PodInfo> victims)
{
    public IReadOnlyList<PodInfo> Victims => victims;

    /// <summary>Whether the API was told all there is to tell; null until then, false when it came to nothing.</summary>
    public bool? Succeeded { get; set; }
}
