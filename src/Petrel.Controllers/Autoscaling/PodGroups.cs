using k8s.Models;
using Petrel.Controllers.Configuration;

namespace Petrel.Controllers.Autoscaling;

/// <summary>An autoscaler's pods by what their metrics are worth (upstream: groupPods).</summary>
internal sealed class PodGroups
{
    private readonly SortedSet<string> _unready = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _missing = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _ignored = new(StringComparer.Ordinal);

    /// <param name="pods">Those that the target's selector selects.</param>
    /// <param name="metrics">By the pod's name.</param>
    /// <param name="isCpu">Processor time is wild while a program starts: it counts only once the pod was ready, or its first minutes are
    /// over.</param>
    /// <param name="settings">How long starting takes.</param>
    /// <param name="now">The time of the decision.</param>
    public PodGroups(
        IEnumerable<V1Pod> pods,
        IReadOnlyDictionary<string, PodMetric> metrics,
        bool isCpu,
        AutoscalerSettings settings,
        DateTimeOffset now
    )
    {
        foreach (var pod in pods)
        {
            var name = pod.Metadata.Name;
            if (pod.Metadata.DeletionTimestamp is not null || pod.Status?.Phase == "Failed")
            {
                _ignored.Add(name);
            }
            else if (pod.Status?.Phase is null or "Pending")
            {
                _unready.Add(name);
            }
            else if (!metrics.TryGetValue(name, out var metric))
            {
                _missing.Add(name);
            }
            else if (isCpu && IsStarting(pod, metric, settings, now))
            {
                _unready.Add(name);
            }
            else
            {
                Ready++;
            }
        }
    }

    /// <summary>Pods whose metric counts.</summary>
    public int Ready { get; private set; }

    /// <summary>Pods that don't serve yet.</summary>
    public IReadOnlyCollection<string> Unready => _unready;

    /// <summary>Pods that run and have no metric.</summary>
    public IReadOnlyCollection<string> Missing => _missing;

    /// <summary>The metrics of the pods that count.</summary>
    public SortedDictionary<string, PodMetric> Counted(IReadOnlyDictionary<string, PodMetric> metrics)
    {
        var counted = new SortedDictionary<string, PodMetric>(StringComparer.Ordinal);
        foreach (var (name, metric) in metrics)
        {
            if (!_ignored.Contains(name) && !_unready.Contains(name))
            {
                counted.Add(name, metric);
            }
        }
        return counted;
    }

    private static bool IsStarting(V1Pod pod, PodMetric metric, AutoscalerSettings settings, DateTimeOffset now)
    {
        var ready = pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready");
        if (ready is null || pod.Status?.StartTime is not { } startTime)
        {
            return true;
        }
        var started = PodStates.Utc(startTime);
        var changed = ready.LastTransitionTime is { } time ? PodStates.Utc(time) : DateTimeOffset.MinValue;
        return started + settings.CpuInitializationPeriod > now
            ? ready.Status == "False" || (changed != DateTimeOffset.MinValue && metric.At < changed + metric.Window)
            : ready.Status == "False" && started + settings.InitialReadinessDelay > changed;
    }
}
