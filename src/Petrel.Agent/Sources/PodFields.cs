using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Agent.Sources;

/// <summary>The values of <c>fieldRef</c> and <c>resourceFieldRef</c> (the downward API).</summary>
internal static class PodFields
{
    /// <summary>The value of a field path, or null when pods may not refer to that path.</summary>
    public static string? Value(V1Pod pod, string path, AgentSettings settings, IReadOnlyList<string> addresses) =>
        path switch
        {
            "metadata.name" => pod.Metadata.Name,
            "metadata.namespace" => pod.Metadata.NamespaceProperty,
            "metadata.uid" => pod.Metadata.Uid,
            "metadata.labels" => Lines(pod.Metadata.Labels),
            "metadata.annotations" => Lines(pod.Metadata.Annotations),
            "spec.nodeName" => pod.Spec.NodeName,
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "",
            "status.hostIP" or "status.hostIPs" => settings.NodeAddress,
            "status.podIP" => addresses.Count > 0 ? addresses[0] : pod.Status?.PodIP ?? "",
            "status.podIPs" => string.Join(',', addresses),
            _ when Subscript(path, "metadata.labels") is { } label => pod.Metadata.Labels?.TryGetValue(label, out var l) == true ? l : "",
            _ when Subscript(path, "metadata.annotations") is { } annotation => pod.Metadata.Annotations?.TryGetValue(annotation, out var a)
            == true
                ? a
                : "",
            _ => null,
        };

    /// <summary>A container's request or limit, divided and rounded up. An unset limit is the node's capacity.</summary>
    public static string Resource(V1Container container, V1ResourceFieldSelector selector, AgentSettings settings)
    {
        var parts = selector.Resource.Split('.', 2);
        var list = parts[0] == "limits" ? container.Resources?.Limits : container.Resources?.Requests;
        var value =
            list?.TryGetValue(parts[1], out var found) == true ? Quantity.Parse(found.ToString())
            : parts[0] == "limits"
                ? parts[1] switch
                {
                    "cpu" => Quantity.FromMilli(settings.MilliCpu),
                    "memory" => Quantity.FromValue(settings.Memory),
                    _ => default,
                }
            : default;
        var divisor =
            selector.Divisor is { } text && Quantity.TryParse(text.ToString(), out var parsed) && !parsed.IsZero
                ? parsed
                : Quantity.FromValue(1);
        return ((value.MilliValue + divisor.MilliValue - 1) / divisor.MilliValue).ToString();
    }

    private static string Lines(IDictionary<string, string>? map) =>
        string.Join(
            '\n',
            (map ?? new Dictionary<string, string>()).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}=\"{p.Value}\"")
        );

    private static string? Subscript(string path, string field) =>
        path.StartsWith(field + "['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal)
            ? path[(field.Length + 2)..^2]
            : null;
}
