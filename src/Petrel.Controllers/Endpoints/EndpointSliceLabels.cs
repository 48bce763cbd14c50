using k8s.Models;

namespace Petrel.Controllers.Endpoints;

/// <summary>The labels of EndpointSlices.</summary>
public static class EndpointSliceLabels
{
    /// <summary>The Service that a slice belongs to.</summary>
    public const string ServiceName = "kubernetes.io/service-name";

    /// <summary>The controller that manages a slice. Other controllers leave it alone.</summary>
    public const string ManagedBy = "endpointslice.kubernetes.io/managed-by";

    /// <summary>The value of <see cref="ManagedBy"/> on this controller's slices.</summary>
    public const string Manager = "endpointslice-controller.k8s.io";

    /// <summary>Present on the slices of headless services.</summary>
    public const string Headless = "service.kubernetes.io/headless";

    /// <summary>The labels of a Service's slices: the Service's own, and those above.</summary>
    public static IDictionary<string, string> For(V1Service service)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in service.Metadata.Labels ?? new Dictionary<string, string>())
        {
            labels[key] = value;
        }
        labels.Remove(Headless);
        if (service.Spec.ClusterIP == "None")
        {
            labels[Headless] = "";
        }
        labels[ServiceName] = service.Metadata.Name;
        labels[ManagedBy] = Manager;
        return labels;
    }

    /// <summary>The Service of a slice; null when another controller manages the slice.</summary>
    public static string? ServiceOf(V1EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels
        && labels.TryGetValue(ManagedBy, out var manager)
        && manager == Manager
        && labels.TryGetValue(ServiceName, out var service)
            ? service
            : null;
}
