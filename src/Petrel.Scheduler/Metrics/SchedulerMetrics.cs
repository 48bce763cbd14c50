using System.Diagnostics.Metrics;
using Petrel.Model.Metrics;

namespace Petrel.Scheduler.Metrics;

/// <summary>What the scheduler measures, with kube-scheduler's names.</summary>
internal static class SchedulerMetrics
{
    private static readonly Meter Meters = ComponentMeters.Create("Scheduler");

    private static readonly Counter<long> Attempts = Meters.Counter(
        "scheduler_schedule_attempts_total",
        "Attempts to schedule a pod: scheduled, unschedulable (no node is feasible), or error."
    );

    private static readonly Histogram<double> AttemptDuration = Meters.Histogram(
        "scheduler_scheduling_attempt_duration_seconds",
        "Time of an attempt with its binding, in seconds.",
        MetricBuckets.Exponential(0.001, 2, 15)
    );

    private static readonly Histogram<double> Algorithm = Meters.Histogram(
        "scheduler_scheduling_algorithm_duration_seconds",
        "Time to find a pod's node, in seconds.",
        MetricBuckets.Exponential(0.001, 2, 15)
    );

    private static readonly Histogram<double> Indicator = Meters.Histogram(
        "scheduler_pod_scheduling_sli_duration_seconds",
        "Time from a pod's entry into the queue until it is bound, in seconds.",
        MetricBuckets.Exponential(0.01, 2, 20)
    );

    private static readonly Histogram<double> AttemptsOfPod = Meters.Histogram(
        "scheduler_pod_scheduling_attempts",
        "Attempts until a pod was bound.",
        MetricBuckets.Exponential(1, 2, 5)
    );

    private static readonly Counter<long> Preemptions = Meters.Counter(
        "scheduler_preemption_attempts_total",
        "Attempts to make room for a pod."
    );

    private static readonly Histogram<double> Victims = Meters.Histogram(
        "scheduler_preemption_victims",
        "Pods that one attempt deletes to make room.",
        MetricBuckets.Exponential(1, 2, 7)
    );

    private static readonly UpDownCounter<long> Pending = Meters.Gauge(
        "scheduler_pending_pods",
        "Pods that wait: active, backoff, unschedulable or gated."
    );

    /// <summary>The node search of one pod has ended.</summary>
    public static void Searched(TimeSpan took) => Algorithm.Record(took.TotalSeconds);

    /// <summary>An attempt has ended.</summary>
    /// <param name="result">scheduled, unschedulable or error.</param>
    /// <param name="profile">The name of the scheduler that the pod asks for.</param>
    /// <param name="took">How long it took.</param>
    public static void Attempted(string result, string profile, TimeSpan took)
    {
        KeyValuePair<string, object?> first = new("result", result);
        KeyValuePair<string, object?> second = new("profile", profile);
        Attempts.Add(1, first, second);
        AttemptDuration.Record(took.TotalSeconds, first, second);
    }

    /// <summary>A pod is bound.</summary>
    public static void Bound(int attempts, TimeSpan took)
    {
        Indicator.Record(took.TotalSeconds, new KeyValuePair<string, object?>("attempts", attempts < 16 ? attempts : "16+"));
        AttemptsOfPod.Record(attempts);
    }

    /// <summary>So many pods are to be deleted to make room for another.</summary>
    public static void Preempted(int victims)
    {
        Preemptions.Add(1);
        Victims.Record(victims);
    }

    /// <summary>The number of pods in a part of the queue has changed.</summary>
    public static void Moved(string queue, int change) => Pending.Add(change, new KeyValuePair<string, object?>("queue", queue));
}
