using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// Orders pods by importance, the most important first (upstream: MoreImportantPod): the higher priority, then the earlier start, then the
/// name.
/// </summary>
internal sealed class PodImportance : IComparer<PodInfo>
{
    private PodImportance() { }

    public static PodImportance Instance { get; } = new();

    /// <summary>When the pod started; the latest time when it has not started.</summary>
    public static DateTime StartOf(PodInfo pod) => pod.Pod.Status?.StartTime ?? DateTime.MaxValue;

    /// <inheritdoc/>
    public int Compare(PodInfo? x, PodInfo? y)
    {
        var order = y!.Priority.CompareTo(x!.Priority);
        order = order != 0 ? order : StartOf(x).CompareTo(StartOf(y));
        return order != 0 ? order : x.Key.CompareTo(y.Key);
    }
}
