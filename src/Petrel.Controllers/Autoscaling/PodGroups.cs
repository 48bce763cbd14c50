using k8s.Models;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.Framework;

namespace Petrel.Controllers.Autoscaling;

/// <summary>An autoscaler's pods, grouped by whether their metrics count (upstream: groupPods).</summary>
internal sealed class PodGroups
{
    private readonly SortedSet<string> _unready = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _missing = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _ignored = new(StringComparer.Ordinal);

    /// <param name="pods">The pods that the target's selector matches.</param>
    /// <param name="metrics">The metrics by the pod's name.</param>
    /// <param name="isCpu">
    /// CPU usage is high while a program starts. It counts only once the pod was ready, or its initialization period is over.
    /// </param>
    /// <param name="settings">How long initialization takes.</param>
    /// <param name="now">The time.</param>
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

    /// <summary>How many pods have a metric that counts.</summary>
    public int Ready { get; private set; }

    /// <summary>Pods that are not ready yet.</summary>
    public IReadOnlyCollection<string> Unready => _unready;

    /// <summary>Running pods without a metric.</summary>
    public IReadOnlyCollection<string> Missing => _missing;

    /// <summary>The metrics of the pods that are neither unready nor ignored.</summary>
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
        var started = startTime.AsUtc();
        var changed = ready.LastTransitionTime is { } time ? time.AsUtc() : DateTimeOffset.MinValue;
        return started + settings.CpuInitializationPeriod > now
            ? ready.Status == "False" || (changed != DateTimeOffset.MinValue && metric.At < changed + metric.Window)
            : ready.Status == "False" && started + settings.InitialReadinessDelay > changed;
    }
}
