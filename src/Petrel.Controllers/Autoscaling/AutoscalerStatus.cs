using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Deployments;

namespace Petrel.Controllers.Autoscaling;

/// <summary>An autoscaler's status while its replicas are computed. Reasons and messages are upstream's.</summary>
internal sealed class AutoscalerStatus
{
    private readonly V2HorizontalPodAutoscaler _before;
    private readonly DateTime _now;

    public AutoscalerStatus(V2HorizontalPodAutoscaler autoscaler, DateTimeOffset now)
    {
        _before = autoscaler;
        _now = now.UtcDateTime;
        Autoscaler = autoscaler.DeepCopy();
        Autoscaler.Status ??= new();
        Autoscaler.Status.Conditions ??= [];
        Autoscaler.Status.ObservedGeneration = autoscaler.Metadata.Generation;
    }

    /// <summary>A copy of the autoscaler, with the new status.</summary>
    public V2HorizontalPodAutoscaler Autoscaler { get; }

    public bool HasChanged =>
        _before.Status is null || KubernetesJson.Serialize(_before.Status) != KubernetesJson.Serialize(Autoscaler.Status);

    public void AbleToScale(bool status, string reason, string message) => Set("AbleToScale", status, reason, message);

    public void ScalingActive(bool status, string reason, string message) => Set("ScalingActive", status, reason, message);

    public void ScalingLimited(bool status, string reason, string message) => Set("ScalingLimited", status, reason, message);

    /// <summary>Sets the target's current replicas, when no desired number could be computed.</summary>
    public void SetCurrentReplicas(int replicas) => Autoscaler.Status.CurrentReplicas = replicas;

    public void SetReplicas(int current, int desired, IReadOnlyList<V2MetricStatus> metrics, bool rescaled)
    {
        Autoscaler.Status.CurrentReplicas = current;
        Autoscaler.Status.DesiredReplicas = desired;
        Autoscaler.Status.CurrentMetrics = metrics.Count == 0 ? null : [.. metrics];
        if (rescaled)
        {
            Autoscaler.Status.LastScaleTime = _now;
        }
    }

    private void Set(string type, bool holds, string reason, string message)
    {
        var status = holds ? "True" : "False";
        var condition = Autoscaler.Status.Conditions.FirstOrDefault(c => c.Type == type);
        if (condition is null)
        {
            condition = new() { Type = type };
            Autoscaler.Status.Conditions.Add(condition);
        }
        if (condition.Status != status)
        {
            condition.LastTransitionTime = _now;
        }
        (condition.Status, condition.Reason, condition.Message) = (status, reason, message);
    }
}
