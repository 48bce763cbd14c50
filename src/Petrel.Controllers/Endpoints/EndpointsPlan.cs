using k8s;
using k8s.Models;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// The v1 Endpoints that a service should have, for clients that don't read slices (upstream: endpoints-controller). At most
/// <see cref="MaxAddresses"/> addresses are shown, ready ones first.
/// </summary>
public static class EndpointsPlan
{
    /// <summary>How many addresses an object holds.</summary>
    public const int MaxAddresses = 1000;

    /// <summary>Present, with the value <c>truncated</c>, when there are more.</summary>
    public const string OverCapacity = "endpoints.kubernetes.io/over-capacity";

    /// <summary>Says who writes the object.</summary>
    public const string ManagedBy = "endpoints.kubernetes.io/managed-by";

    private const string Manager = "endpoint-controller";

    /// <summary>The object as it should be; <paramref name="current"/> itself when that is how it is.</summary>
    public static V1Endpoints Compute(V1Service service, IEnumerable<V1Pod> pods, V1Endpoints? current)
    {
        var wanted = current is null
            ? new V1Endpoints
            {
                ApiVersion = "v1",
                Kind = "Endpoints",
                Metadata = new() { Name = service.Metadata.Name, NamespaceProperty = service.Metadata.NamespaceProperty },
            }
            : KubernetesJson.Deserialize<V1Endpoints>(KubernetesJson.Serialize(current));
        var family = service.Spec.IpFamilies?.FirstOrDefault() ?? PodEndpoint.IPv4;
        var shown =
            from pod in pods
            where
                pod.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty
                && EndpointSlicePlan.Selects(service, pod)
                && PodEndpoint.Serves(pod)
            let endpoint = PodEndpoint.Of(service, pod, null, family)
            where endpoint is not null && (endpoint.Conditions.Terminating != true || service.Spec.PublishNotReadyAddresses == true)
            let ports = EndpointPorts.Resolve(service, pod)
            // Of a pod without any of the ports there is nothing to show, unless the service is headless and has none.
            where ports.Ports.Count > 0 || service.Spec.Ports is not { Count: > 0 }
            orderby endpoint.Conditions.Ready descending, endpoint.Addresses[0], pod.Metadata.Uid
            select (Address: Address(endpoint), Ready: endpoint.Conditions.Ready == true, Ports: ports);
        var all = shown.ToList();
        wanted.Subsets =
        [
            .. all.Take(MaxAddresses)
                .GroupBy(s => s.Ports.Key)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(group => new V1EndpointSubset
                {
                    Addresses = OrNull(group.Where(s => s.Ready).Select(s => s.Address)),
                    NotReadyAddresses = OrNull(group.Where(s => !s.Ready).Select(s => s.Address)),
                    Ports =
                        group.First().Ports.Ports.Count == 0
                            ? null
                            :
                            [
                                .. group
                                    .First()
                                    .Ports.Ports.Select(p => new Corev1EndpointPort
                                    {
                                        Name = string.IsNullOrEmpty(p.Name) ? null : p.Name,
                                        Port = p.Port!.Value,
                                        Protocol = p.Protocol,
                                        AppProtocol = p.AppProtocol,
                                    }),
                            ],
                }),
        ];
        wanted.Metadata.Labels = Labels(service);
        var annotations = new SortedDictionary<string, string>(
            wanted.Metadata.Annotations ?? new Dictionary<string, string>(),
            StringComparer.Ordinal
        );
        annotations.Remove(OverCapacity);
        if (all.Count > MaxAddresses)
        {
            annotations[OverCapacity] = "truncated";
        }
        wanted.Metadata.Annotations = annotations.Count == 0 ? null : annotations;
        return current is not null && Same(current, wanted) ? current : wanted;
    }

    private static V1EndpointAddress Address(V1Endpoint endpoint) =>
        new()
        {
            Ip = endpoint.Addresses[0],
            Hostname = endpoint.Hostname,
            NodeName = endpoint.NodeName,
            TargetRef = endpoint.TargetRef,
        };

    private static SortedDictionary<string, string> Labels(V1Service service)
    {
        var labels = new SortedDictionary<string, string>(
            service.Metadata.Labels ?? new Dictionary<string, string>(),
            StringComparer.Ordinal
        );
        labels.Remove(EndpointSliceLabels.Headless);
        if (service.Spec.ClusterIP == "None")
        {
            labels[EndpointSliceLabels.Headless] = "";
        }
        labels[ManagedBy] = Manager;
        return labels;
    }

    private static List<V1EndpointAddress>? OrNull(IEnumerable<V1EndpointAddress> addresses) =>
        addresses.ToList() is { Count: > 0 } some ? some : null;

    private static bool Same(V1Endpoints left, V1Endpoints right) =>
        EndpointSliceLabels.Same(left.Metadata.Labels, right.Metadata.Labels)
        && EndpointSliceLabels.Same(left.Metadata.Annotations, right.Metadata.Annotations ?? new Dictionary<string, string>())
        && KubernetesJson.Serialize(left.Subsets ?? []) == KubernetesJson.Serialize(right.Subsets);
}
