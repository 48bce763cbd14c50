using k8s.Models;
using Petrel.Controllers.Configuration;
using Petrel.Model.Documents;
using Petrel.Workloads;

namespace Petrel.Controllers.Autoscaling;

/// <summary>
/// Computes how many replicas a metric asks for (upstream: ReplicaCalculator;
/// https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details). Pods without a metric count against the
/// change: as idle when the target would scale up, as fully used when it would scale down.
/// </summary>
public sealed class ReplicaCalculator(AutoscalerSettings settings, ScalingTolerances tolerances, DateTimeOffset now)
{
    private const int AllOfRequest = 100;

    /// <summary>For a target in percent of the pods' requests. <paramref name="container"/> is empty for whole pods.</summary>
    /// <exception cref="MetricException">No number can be computed.</exception>
    public ReplicaProposal Utilization(
        int current,
        IReadOnlyList<V1Pod> pods,
        IReadOnlyDictionary<string, PodMetric> metrics,
        string resource,
        string container,
        int targetPercent
    )
    {
        RequirePods(pods);
        var groups = new PodGroups(pods, metrics, resource == "cpu", settings, now);
        var counted = groups.Counted(metrics);
        if (counted.Count == 0)
        {
            throw new MetricException("did not receive metrics for targeted pods (pods might be unready)");
        }
        var requests = Requests(pods, resource, container);
        var usage = UtilizationOf(counted, requests, targetPercent);
        var replicas = ComputeReplicas(
            current,
            groups,
            counted,
            usage.Ratio,
            name => requests.GetValueOrDefault(name) * Math.Max(AllOfRequest, targetPercent) / AllOfRequest,
            filled => UtilizationOf(filled, requests, targetPercent).Ratio
        );
        return new(replicas, usage.Average, usage.Percent);
    }

    /// <summary>For a target that is the average over the pods.</summary>
    /// <exception cref="MetricException">No number can be computed.</exception>
    public ReplicaProposal PodAverage(
        int current,
        IReadOnlyList<V1Pod> pods,
        IReadOnlyDictionary<string, PodMetric> metrics,
        bool isCpu,
        long targetMilli
    )
    {
        RequirePods(pods);
        var groups = new PodGroups(pods, metrics, isCpu, settings, now);
        var counted = groups.Counted(metrics);
        if (counted.Count == 0)
        {
            throw new MetricException("did not receive metrics for targeted pods (pods might be unready)");
        }
        var average = Average(counted);
        var replicas = ComputeReplicas(
            current,
            groups,
            counted,
            (double)average / targetMilli,
            _ => targetMilli,
            filled => (double)Average(filled) / targetMilli
        );
        return new(replicas, average);
    }

    /// <summary>For a target value of one object, whatever the number of pods. From zero pods, the ratio itself is the number.</summary>
    /// <exception cref="MetricException">There are no pods.</exception>
    public ReplicaProposal Value(int current, IReadOnlyList<V1Pod> pods, long milliValue, long targetMilli)
    {
        var ratio = (double)milliValue / targetMilli;
        if (current == 0)
        {
            return new(Ceiling(ratio), milliValue);
        }
        if (tolerances.Allow(ratio))
        {
            return new(current, milliValue);
        }
        RequirePods(pods);
        return new(Ceiling(ratio * pods.Count(pod => pod.Status?.Phase == "Running" && pod.IsReady())), milliValue);
    }

    /// <summary>For a target value of one object, divided by the number of pods.</summary>
    public ReplicaProposal ValuePerPod(int statusReplicas, long milliValue, long targetMilli)
    {
        var ratio = milliValue / ((double)targetMilli * statusReplicas);
        var replicas = tolerances.Allow(ratio) ? statusReplicas : Ceiling((double)milliValue / targetMilli);
        return new(replicas, statusReplicas == 0 ? 0 : (long)Math.Ceiling((double)milliValue / statusReplicas));
    }

    // The rule for both kinds of targets over pods.
    private int ComputeReplicas(
        int current,
        PodGroups groups,
        SortedDictionary<string, PodMetric> counted,
        double ratio,
        Func<string, long> fullyUsed,
        Func<SortedDictionary<string, PodMetric>, double> ratioOf
    )
    {
        var upWithUnready = groups.Unready.Count > 0 && ratio > 1;
        if (!upWithUnready && groups.Missing.Count == 0)
        {
            return tolerances.Allow(ratio) ? current : Ceiling(ratio * groups.Ready);
        }
        foreach (var name in groups.Missing)
        {
            if (ratio < 1)
            {
                counted[name] = new(fullyUsed(name), default, default);
            }
            else if (ratio > 1)
            {
                counted[name] = default;
            }
        }
        foreach (var name in upWithUnready ? groups.Unready : [])
        {
            counted[name] = default;
        }
        var adjustedRatio = ratioOf(counted);
        if (tolerances.Allow(adjustedRatio) || (ratio < 1 && adjustedRatio > 1) || (ratio > 1 && adjustedRatio < 1))
        {
            return current;
        }
        var replicas = Ceiling(adjustedRatio * counted.Count);
        return (adjustedRatio < 1 && replicas > current) || (adjustedRatio > 1 && replicas < current) ? current : replicas;
    }

    private static (double Ratio, int Percent, long Average) UtilizationOf(
        SortedDictionary<string, PodMetric> metrics,
        Dictionary<string, long> requests,
        int targetPercent
    )
    {
        long used = 0,
            requested = 0;
        var pods = 0;
        foreach (var (name, metric) in metrics)
        {
            // A metric of a pod that is gone is skipped.
            if (requests.TryGetValue(name, out var request))
            {
                used += metric.MilliValue;
                requested += request;
                pods++;
            }
        }
        if (requested == 0)
        {
            throw new MetricException("no metrics returned matched known pods");
        }
        var percent = (int)Math.Min(int.MaxValue, (long)((Int128)used * 100 / requested));
        return ((double)percent / targetPercent, percent, used / pods);
    }

    private static Dictionary<string, long> Requests(IReadOnlyList<V1Pod> pods, string resource, string container)
    {
        var requests = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var pod in pods)
        {
            // Sidecars run as long as the pod: their requests and usage count.
            var containers = (pod.Spec.Containers ?? []).Concat((pod.Spec.InitContainers ?? []).Where(c => c.RestartPolicy == "Always"));
            long sum = 0;
            foreach (var one in containers.Where(c => container.Length == 0 || c.Name == container))
            {
                if (one.Resources?.Requests is not { } given || !given.TryGetValue(resource, out var amount))
                {
                    if (container.Length == 0 && pod.Spec.Resources?.Requests?.ContainsKey(resource) == true)
                    {
                        continue;
                    }
                    throw new MetricException($"missing request for {resource} in container {one.Name} of Pod {pod.Metadata.Name}");
                }
                sum += Milli(amount);
            }
            // Requests of the whole pod take precedence over those of its containers.
            requests[pod.Metadata.Name] =
                container.Length == 0 && pod.Spec.Resources?.Requests is { } whole && whole.TryGetValue(resource, out var all)
                    ? Milli(all)
                    : sum;
        }
        return requests;
    }

    /// <summary>An amount in thousandths.</summary>
    internal static long Milli(ResourceQuantity amount) => Quantity.Parse(amount.ToString()).MilliValue;

    private static long Average(SortedDictionary<string, PodMetric> metrics) => metrics.Values.Sum(m => m.MilliValue) / metrics.Count;

    private static void RequirePods(IReadOnlyList<V1Pod> pods)
    {
        if (pods.Count == 0)
        {
            throw new MetricException("no pods returned by selector while calculating replica count");
        }
    }

    private static int Ceiling(double replicas) => (int)Math.Min(int.MaxValue, Math.Ceiling(replicas));
}
