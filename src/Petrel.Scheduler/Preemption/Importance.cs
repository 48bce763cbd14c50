using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// Whom to spare first (upstream: MoreImportantPod): the higher priority, then who has run for longer; what is left, the name decides.
/// </summary>
internal sealed class Importance : IComparer<PodInfo>
{
    private Importance() { }

    public static Importance Instance { get; } = new();

    /// <summary>When a pod began to run; one that has not is the youngest of all.</summary>
    public static DateTime StartOf(PodInfo pod) => pod.Pod.Status?.StartTime ?? DateTime.MaxValue;

    /// <inheritdoc/>
    public int Compare(PodInfo? x, PodInfo? y)
    {
        var order = y!.Priority.CompareTo(x!.Priority);
        order = order != 0 ? order : StartOf(x).CompareTo(StartOf(y));
        return order != 0 ? order : x.Key.CompareTo(y.Key);
    }
}
