using k8s.Models;
using Petrel.Model.Documents;
using Petrel.Workloads;

namespace Petrel.Controllers.Autoscaling;

/// <summary>The result of one metric of an autoscaler.</summary>
/// <param name="Proposal">The replicas that the metric asks for.</param>
/// <param name="Name">The metric's name in events and conditions, as upstream has it.</param>
/// <param name="Status">The metric in the autoscaler's status.</param>
internal sealed record EvaluatedMetric(ReplicaProposal Proposal, string Name, V2MetricStatus Status);

/// <summary>The scale of an autoscaler's target, and its pods.</summary>
internal sealed record AutoscalerTarget(string Namespace, int SpecReplicas, int StatusReplicas, string Selector, IReadOnlyList<V1Pod> Pods);

/// <summary>Evaluates an autoscaler's metrics: reads each from its API, and computes the replicas that it asks for.</summary>
internal sealed class MetricEvaluator(MetricReader reader, ReplicaCalculator calculator, AutoscalerTarget target)
{
    /// <summary>The condition's reason when a metric of this type fails.</summary>
    public static string FailureOf(V2MetricSpec metric) =>
        metric.Type switch
        {
            "Object" => "FailedGetObjectMetric",
            "Pods" => "FailedGetPodsMetric",
            "Resource" => "FailedGetResourceMetric",
            "ContainerResource" => "FailedGetContainerResourceMetric",
            "External" => "FailedGetExternalMetric",
            _ => "InvalidMetricSourceType",
        };

    /// <summary>The error that the controller reports for a failed metric: the problem, and which metric it is about.</summary>
    public static string ErrorOf(V2MetricSpec metric, string problem) =>
        metric switch
        {
            { ObjectProperty: { Target.Type: "AverageValue" } average } =>
                $"failed to get object metric value: failed to get {average.Metric.Name} object metric: {problem}",
            { ObjectProperty: not null } => $"failed to get object metric value: {problem}",
            { Pods: not null } => $"failed to get pods metric value: {problem}",
            { Resource: { } resource } => $"failed to get {resource.Name} resource metric value: {problem}",
            { ContainerResource: { } resource } => $"failed to get {resource.Container} container metric value: {problem}",
            { External: { Target.AverageValue: not null } average } => $"failed to get {average.Metric.Name} external metric value: "
                + $"failed to get {average.Metric.Name} external metric: {problem}",
            { External: { } external } => $"failed to get {external.Metric.Name} external metric value: "
                + $"failed to get external metric {external.Metric.Name}: {problem}",
            _ => problem,
        };

    /// <exception cref="MetricException">The metric cannot be read, or no number can be computed from it.</exception>
    public async ValueTask<EvaluatedMetric> EvaluateAsync(V2MetricSpec metric, CancellationToken cancellationToken) =>
        metric switch
        {
            { Type: "Resource", Resource: { } resource } => await ResourceAsync(resource, cancellationToken),
            { Type: "ContainerResource", ContainerResource: { } resource } => await ContainerAsync(resource, cancellationToken),
            { Type: "Pods", Pods: { } pods } => await PodsAsync(pods, cancellationToken),
            { Type: "Object", ObjectProperty: { } objectMetric } => await ObjectAsync(objectMetric, cancellationToken),
            { Type: "External", External: { } external } => await ExternalAsync(external, cancellationToken),
            _ => throw new MetricException($"unknown metric source type \"{metric.Type}\""),
        };

    private async ValueTask<EvaluatedMetric> ResourceAsync(V2ResourceMetricSource metric, CancellationToken cancellationToken)
    {
        var (proposal, current, kind) = await UsageAsync(metric.Name, "", metric.Target, cancellationToken);
        return new(
            proposal,
            $"{metric.Name} resource{kind}",
            new()
            {
                Type = "Resource",
                Resource = new() { Name = metric.Name, Current = current },
            }
        );
    }

    private async ValueTask<EvaluatedMetric> ContainerAsync(V2ContainerResourceMetricSource metric, CancellationToken cancellationToken)
    {
        var (proposal, current, kind) = await UsageAsync(metric.Name, metric.Container, metric.Target, cancellationToken);
        return new(
            proposal,
            // An average value has the name of a pod's resource, as upstream has it.
            kind.Length == 0
                ? $"{metric.Name} resource"
                : $"{metric.Name} container resource{kind}",
            new()
            {
                Type = "ContainerResource",
                ContainerResource = new()
                {
                    Name = metric.Name,
                    Container = metric.Container,
                    Current = current,
                },
            }
        );
    }

    private async ValueTask<(ReplicaProposal, V2MetricValueStatus, string)> UsageAsync(
        string resource,
        string container,
        V2MetricTarget metricTarget,
        CancellationToken cancellationToken
    )
    {
        if (metricTarget.AverageValue is null && metricTarget.AverageUtilization is null)
        {
            throw new MetricException(
                "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set"
            );
        }
        try
        {
            return await ReadUsageAsync(resource, container, metricTarget, cancellationToken);
        }
        catch (MetricException e)
        {
            var what = metricTarget.AverageValue is null ? "utilization" : "usage";
            throw new MetricException($"failed to get {resource} {what}: {e.Message}");
        }
    }

    private async ValueTask<(ReplicaProposal, V2MetricValueStatus, string)> ReadUsageAsync(
        string resource,
        string container,
        V2MetricTarget metricTarget,
        CancellationToken cancellationToken
    )
    {
        var metrics = await reader.ResourceAsync(target.Namespace, target.Selector, resource, container, cancellationToken);
        if (metricTarget.AverageValue is { } average)
        {
            var byValue = calculator.PodAverage(
                target.SpecReplicas,
                target.Pods,
                metrics,
                resource == "cpu",
                ReplicaCalculator.Milli(average)
            );
            return (byValue, new() { AverageValue = Amount(byValue.AverageMilliValue) }, "");
        }
        var byShare = calculator.Utilization(
            target.SpecReplicas,
            target.Pods,
            metrics,
            resource,
            container,
            metricTarget.AverageUtilization!.Value
        );
        return (
            byShare,
            new() { AverageUtilization = byShare.Utilization, AverageValue = Amount(byShare.AverageMilliValue) },
            " utilization (percentage of request)"
        );
    }

    private async ValueTask<EvaluatedMetric> PodsAsync(V2PodsMetricSource metric, CancellationToken cancellationToken)
    {
        var metrics = await reader.PodsAsync(target.Namespace, target.Selector, metric.Metric, cancellationToken);
        var proposal = calculator.PodAverage(
            target.SpecReplicas,
            target.Pods,
            metrics,
            isCpu: false,
            ReplicaCalculator.Milli(metric.Target.AverageValue)
        );
        return new(
            proposal,
            $"pods metric {metric.Metric.Name}",
            new()
            {
                Type = "Pods",
                Pods = new()
                {
                    Metric = metric.Metric,
                    Current = new() { AverageValue = Amount(proposal.AverageMilliValue) },
                },
            }
        );
    }

    private async ValueTask<EvaluatedMetric> ObjectAsync(V2ObjectMetricSource metric, CancellationToken cancellationToken)
    {
        var value = await reader.ObjectAsync(target.Namespace, metric.DescribedObject, metric.Metric, cancellationToken);
        var (proposal, current) = EvaluateObject(metric.Target, value);
        return new(
            proposal,
            metric.Target.Type == "AverageValue"
                ? $"external metric {metric.Metric.Name}({LabelSelectors.From(metric.Metric.Selector)})"
                : $"{metric.DescribedObject.Kind} metric {metric.Metric.Name}",
            new()
            {
                Type = "Object",
                ObjectProperty = new()
                {
                    Metric = metric.Metric,
                    DescribedObject = metric.DescribedObject,
                    Current = current,
                },
            }
        );
    }

    private async ValueTask<EvaluatedMetric> ExternalAsync(V2ExternalMetricSource metric, CancellationToken cancellationToken)
    {
        var value = await reader.ExternalAsync(target.Namespace, metric.Metric, cancellationToken);
        var (proposal, current) = EvaluateObject(metric.Target, value);
        var selector = metric.Metric.Selector is null ? "nil" : LabelSelectors.From(metric.Metric.Selector).ToString();
        return new(
            proposal,
            $"external metric {metric.Metric.Name}({selector})",
            new()
            {
                Type = "External",
                External = new() { Metric = metric.Metric, Current = current },
            }
        );
    }

    private (ReplicaProposal, V2MetricValueStatus) EvaluateObject(V2MetricTarget metricTarget, long value)
    {
        if (metricTarget.AverageValue is { } average)
        {
            var share = calculator.ValuePerPod(target.StatusReplicas, value, ReplicaCalculator.Milli(average));
            return (share, new() { AverageValue = Amount(share.AverageMilliValue) });
        }
        if (metricTarget.Value is { } whole)
        {
            return (
                calculator.Value(target.SpecReplicas, target.Pods, value, ReplicaCalculator.Milli(whole)),
                new() { Value = Amount(value) }
            );
        }
        throw new MetricException("invalid metric source: neither a value target nor an average value target was set");
    }

    private static ResourceQuantity Amount(long milli) => new(Quantity.FromMilli(milli).ToString());
}
