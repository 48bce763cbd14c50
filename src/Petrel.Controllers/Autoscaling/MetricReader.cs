using System.Globalization;
using System.Text.Json;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Workloads;

namespace Petrel.Controllers.Autoscaling;

/// <summary>
/// Reads metrics from the API: <c>metrics.k8s.io/v1beta1</c>, <c>custom.metrics.k8s.io/v1beta2</c> and
/// <c>external.metrics.k8s.io/v1beta1</c>. A metric that cannot be read is a <see cref="MetricException"/>.
/// </summary>
internal sealed class MetricReader(ApiClient client)
{
    /// <summary>Each pod's usage of a resource, by the pod's name. With a container name, only that container's usage.</summary>
    public async ValueTask<IReadOnlyDictionary<string, PodMetric>> ResourceAsync(
        string ns,
        string selector,
        string resource,
        string container,
        CancellationToken cancellationToken
    )
    {
        using var list = await ReadAsync(
            $"/apis/metrics.k8s.io/v1beta1/namespaces/{ns}/pods",
            [new("labelSelector", selector)],
            $"unable to get metrics for resource {resource}: unable to fetch metrics from resource metrics API",
            cancellationToken
        );
        var metrics = new SortedDictionary<string, PodMetric>(StringComparer.Ordinal);
        foreach (var pod in list.RootElement.GetProperty("items").EnumerateArray())
        {
            var containers = pod.GetProperty("containers")
                .EnumerateArray()
                .Where(c => container.Length == 0 || c.GetProperty("name").GetString() == container)
                .ToArray();
            // If one container of a pod has no metric, the pod has none.
            if (containers.Length > 0 && Array.TrueForAll(containers, c => c.GetProperty("usage").TryGetProperty(resource, out _)))
            {
                metrics[Name(pod.GetProperty("metadata"))] = new(
                    containers.Sum(c => Milli(c.GetProperty("usage").GetProperty(resource))),
                    Time(pod.GetProperty("timestamp")),
                    Window(pod.GetProperty("window"))
                );
            }
        }
        return metrics.Count > 0
            ? metrics
            : throw new MetricException($"unable to get metrics for resource {resource}: no metrics returned from resource metrics API");
    }

    /// <summary>A custom metric of pods, by the pod's name.</summary>
    public async ValueTask<IReadOnlyDictionary<string, PodMetric>> PodsAsync(
        string ns,
        string selector,
        V2MetricIdentifier metric,
        CancellationToken cancellationToken
    )
    {
        using var list = await ReadAsync(
            $"/apis/custom.metrics.k8s.io/v1beta2/namespaces/{ns}/pods/*/{metric.Name}",
            [new("labelSelector", selector), .. MetricSelector(metric, "metricLabelSelector")],
            $"unable to get metric {metric.Name}: unable to fetch metrics from custom metrics API",
            cancellationToken
        );
        var metrics = new SortedDictionary<string, PodMetric>(StringComparer.Ordinal);
        foreach (var item in list.RootElement.GetProperty("items").EnumerateArray())
        {
            var window =
                item.TryGetProperty("windowSeconds", out var seconds) && seconds.ValueKind == JsonValueKind.Number
                    ? seconds.GetInt64()
                    : 60;
            metrics[Name(item.GetProperty("describedObject"))] = new(
                Milli(item.GetProperty("value")),
                Time(item.GetProperty("timestamp")),
                TimeSpan.FromSeconds(window)
            );
        }
        return metrics.Count > 0
            ? metrics
            : throw new MetricException($"unable to get metric {metric.Name}: no metrics returned from custom metrics API");
    }

    /// <summary>A custom metric of one object, in thousandths.</summary>
    public async ValueTask<long> ObjectAsync(
        string ns,
        V2CrossVersionObjectReference describedObject,
        V2MetricIdentifier metric,
        CancellationToken cancellationToken
    )
    {
        var group =
            describedObject.ApiVersion is { } version && version.Contains('/', StringComparison.Ordinal)
                ? $".{version[..version.IndexOf('/', StringComparison.Ordinal)]}"
                : "";
        var plural = await PluralAsync(describedObject, cancellationToken);
        using var list = await ReadAsync(
            $"/apis/custom.metrics.k8s.io/v1beta2/namespaces/{ns}/{plural}{group}/{describedObject.Name}/{metric.Name}",
            MetricSelector(metric, "metricLabelSelector"),
            $"unable to get metric {metric.Name}: {describedObject.Kind} on {ns} {describedObject.Name}/"
                + "unable to fetch metrics from custom metrics API",
            cancellationToken
        );
        var items = list.RootElement.GetProperty("items");
        return items.GetArrayLength() > 0
            ? Milli(items[0].GetProperty("value"))
            : throw new MetricException($"unable to get metric {metric.Name}: no metrics returned from custom metrics API");
    }

    /// <summary>The sum of an external metric, in thousandths.</summary>
    public async ValueTask<long> ExternalAsync(string ns, V2MetricIdentifier metric, CancellationToken cancellationToken)
    {
        using var list = await ReadAsync(
            $"/apis/external.metrics.k8s.io/v1beta1/namespaces/{ns}/{metric.Name}",
            MetricSelector(metric, "labelSelector"),
            $"unable to get external metric {ns}/{metric.Name}: unable to fetch metrics from external metrics API",
            cancellationToken
        );
        var items = list.RootElement.GetProperty("items");
        return items.GetArrayLength() > 0
            ? items.EnumerateArray().Sum(item => Milli(item.GetProperty("value")))
            : throw new MetricException($"unable to get external metric {ns}/{metric.Name}: no metrics returned from external metrics API");
    }

    private async ValueTask<string> PluralAsync(V2CrossVersionObjectReference describedObject, CancellationToken cancellationToken)
    {
        var kinds = await new ApiDiscovery(client).ReadAsync(cancellationToken);
        return kinds.Find(describedObject.ApiVersion ?? "v1", describedObject.Kind)?.Plural
            ?? throw new MetricException($"no matches for kind \"{describedObject.Kind}\" in version \"{describedObject.ApiVersion}\"");
    }

    private async ValueTask<JsonDocument> ReadAsync(
        string path,
        IReadOnlyList<KeyValuePair<string, string>> query,
        string problem,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return JsonDocument.Parse((await client.SendAsync("GET", path, query, null, "", cancellationToken)).Body);
        }
        catch (ApiException e)
        {
            throw new MetricException($"{problem}: {e.Status.Message}");
        }
    }

    private static KeyValuePair<string, string>[] MetricSelector(V2MetricIdentifier metric, string parameter) =>
        metric.Selector is null ? [] : [new(parameter, LabelSelectors.From(metric.Selector).ToString())];

    private static TimeSpan Window(JsonElement value) =>
        GoDuration.TryParse(value.GetString()!, out var nanoseconds)
            ? TimeSpan.FromTicks(nanoseconds / 100)
            : throw new MetricException($"\"{value}\" is not a duration");

    private static string Name(JsonElement value) => value.GetProperty("name").GetString()!;

    private static long Milli(JsonElement value) => Quantity.Parse(value.GetString()!).MilliValue;

    private static DateTimeOffset Time(JsonElement value) =>
        DateTimeOffset.Parse(
            value.GetString()!,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal
        );
}
