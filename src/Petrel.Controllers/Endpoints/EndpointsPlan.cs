using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// The v1 Endpoints of a Service, for clients that do not read EndpointSlices (upstream: endpoints-controller). At most <see
/// cref="MaxAddresses"/> addresses are in them, ready ones first.
/// </summary>
public static class EndpointsPlan
{
    /// <summary>The most addresses in the object.</summary>
    public const int MaxAddresses = 1000;

    /// <summary>The annotation with the value <c>truncated</c> when there are more.</summary>
    public const string OverCapacity = "endpoints.kubernetes.io/over-capacity";

    /// <summary>The label that names the controller.</summary>
    public const string ManagedBy = "endpoints.kubernetes.io/managed-by";

    private const string Manager = "endpoint-controller";

    /// <summary>The object as it should be; <paramref name="current"/> itself when nothing changes.</summary>
    public static V1Endpoints Compute(V1Service service, IEnumerable<V1Pod> pods, V1Endpoints? current)
    {
        var desired = current is null
            ? new V1Endpoints
            {
                ApiVersion = "v1",
                Kind = "Endpoints",
                Metadata = new() { Name = service.Metadata.Name, NamespaceProperty = service.Metadata.NamespaceProperty },
            }
            // The addresses are made anew: there may be a thousand.
            : new V1Endpoints
            {
                ApiVersion = current.ApiVersion,
                Kind = current.Kind,
                Metadata = current.Metadata.DeepCopy(),
            };
        var family = service.Spec.IpFamilies?.FirstOrDefault() ?? PodEndpoint.IPv4;
        var endpoints =
            from pod in pods
            where
                pod.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty
                && EndpointSlicePlan.Selects(service, pod)
                && PodEndpoint.CanServe(pod)
            let endpoint = PodEndpoint.Of(service, pod, null, family)
            where endpoint is not null && (endpoint.Conditions.Terminating != true || service.Spec.PublishNotReadyAddresses == true)
            let ports = EndpointPorts.Resolve(service, pod)
            // A pod that has none of the ports is left out, unless the Service is headless and has no ports.
            where ports.Ports.Count > 0 || service.Spec.Ports is not { Count: > 0 }
            orderby endpoint.Conditions.Ready descending, endpoint.Addresses[0], pod.Metadata.Uid
            select (Address: Address(endpoint), Ready: endpoint.Conditions.Ready == true, Ports: ports);
        var all = endpoints.ToList();
        desired.Subsets =
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
        desired.Metadata.Labels = Labels(service);
        var annotations = new SortedDictionary<string, string>(
            desired.Metadata.Annotations ?? new Dictionary<string, string>(),
            StringComparer.Ordinal
        );
        annotations.Remove(OverCapacity);
        if (all.Count > MaxAddresses)
        {
            annotations[OverCapacity] = "truncated";
        }
        desired.Metadata.Annotations = annotations.Count == 0 ? null : annotations;
        return current is not null && AreEqual(current, desired) ? current : desired;
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

    private static bool AreEqual(V1Endpoints left, V1Endpoints right) =>
        LabelSets.AreEqual(left.Metadata.Labels, right.Metadata.Labels)
        && LabelSets.AreEqual(left.Metadata.Annotations, right.Metadata.Annotations)
        && AreEqual(left.Subsets, right.Subsets, AreEqual);

    private static bool AreEqual(V1EndpointSubset left, V1EndpointSubset right) =>
        AreEqual(left.Addresses, right.Addresses, AreEqual)
        && AreEqual(left.NotReadyAddresses, right.NotReadyAddresses, AreEqual)
        && KubernetesJson.Serialize(left.Ports ?? []) == KubernetesJson.Serialize(right.Ports ?? []);

    private static bool AreEqual(V1EndpointAddress left, V1EndpointAddress right) =>
        left.Ip == right.Ip && left.Hostname == right.Hostname && left.NodeName == right.NodeName && Target(left) == Target(right);

    private static (string?, string?, string?, string?, string?, string?, string?) Target(V1EndpointAddress address) =>
        address.TargetRef is { } target
            ? (target.Kind, target.NamespaceProperty, target.Name, target.Uid, target.ApiVersion, target.ResourceVersion, target.FieldPath)
            : default;

    // Mostly one of the first differs: a whole list as text would take a hundred KiB.
    private static bool AreEqual<T>(IList<T>? left, IList<T>? right, Func<T, T, bool> areEqual) =>
        (left?.Count ?? 0) == (right?.Count ?? 0) && (left ?? []).Zip(right ?? []).All(pair => areEqual(pair.First, pair.Second));
}
