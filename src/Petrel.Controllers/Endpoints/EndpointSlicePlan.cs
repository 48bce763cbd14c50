using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.Endpoints;

/// <summary>The writes that make a Service's slices show its pods: as few as possible, with slices as full as possible.</summary>
public sealed record EndpointSlicePlan(
    IReadOnlyList<V1EndpointSlice> Create,
    IReadOnlyList<V1EndpointSlice> Update,
    IReadOnlyList<V1EndpointSlice> Delete
)
{
    /// <summary>The most endpoints in a slice.</summary>
    public const int MaxEndpoints = 100;

    private static readonly EndpointSlicePlan Nothing = new([], [], []);

    public bool IsEmpty => Create.Count + Update.Count + Delete.Count == 0;

    /// <summary>Whether this controller manages the Service's slices. Without a selector, the user writes them.</summary>
    public static bool Manages(V1Service service) => service.Spec.Type != "ExternalName" && service.Spec.Selector is { Count: > 0 };

    /// <summary>Whether the Service selects the pod. It is asked for each pod of a namespace, and builds nothing.</summary>
    public static bool Selects(V1Service service, V1Pod pod) =>
        service.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty
        && service.Spec.Selector is { Count: > 0 } selector
        && LabelSets.ContainAll(LabelSets.Of(pod.Metadata.Labels), LabelSets.Of(selector));

    /// <summary>Whether two versions of a Service select the same pods.</summary>
    public static bool SelectorsAreEqual(V1Service left, V1Service right) =>
        (left.Spec.Selector ?? new Dictionary<string, string>())
            .OrderBy(l => l.Key, StringComparer.Ordinal)
            .SequenceEqual((right.Spec.Selector ?? new Dictionary<string, string>()).OrderBy(l => l.Key, StringComparer.Ordinal));

    /// <summary>
    /// The plan for one Service. <paramref name="pods"/> and <paramref name="slices"/> may contain those of others. Pods on an unknown node
    /// are left out: their address may not be valid any more.
    /// </summary>
    public static EndpointSlicePlan Compute(
        V1Service service,
        IEnumerable<V1Pod> pods,
        IEnumerable<V1EndpointSlice> slices,
        Func<string, V1Node?> nodeOf
    )
    {
        if (!Manages(service))
        {
            return Nothing;
        }
        var published = service.Spec.PublishNotReadyAddresses == true;
        var selected = pods.Where(p => Selects(service, p) && PodEndpoint.CanServe(p))
            .Select(p => (Pod: p, Node: p.Spec.NodeName is { Length: > 0 } name ? nodeOf(name) : null))
            .Where(p => p.Node is not null || published)
            .OrderBy(p => p.Pod.Metadata.Name, StringComparer.Ordinal)
            .ToList();
        var own = slices
            .Where(s =>
                s.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty
                && EndpointSliceLabels.ServiceOf(s) == service.Metadata.Name
                && s.Metadata.DeletionTimestamp is null
            )
            .OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)
            .ToList();

        var types = service.Spec.IpFamilies is { Count: > 0 } families
            ? families
            : selected.SelectMany(p => PodEndpoint.AddressTypes(p.Pod)).ToList();
        types = [.. (types.Count > 0 ? types : [PodEndpoint.IPv4]).Distinct().Order(StringComparer.Ordinal)];
        var plan = new AddressTypePlanner(service);
        foreach (var type in types)
        {
            var endpoints =
                from p in selected
                let endpoint = PodEndpoint.Of(service, p.Pod, p.Node, type)
                where endpoint is not null
                select (endpoint, EndpointPorts.Resolve(service, p.Pod));
            plan.Add(type, endpoints, own.Where(s => s.AddressType == type && IsOwned(s, service)));
        }

        // Slices of an address type that the Service no longer has, and slices of an earlier Service of the same name. While this Service
        // is being deleted, the latter may belong to its successor.
        plan.Delete.AddRange(
            own.Where(s => IsOwned(s, service) ? !types.Contains(s.AddressType) : service.Metadata.DeletionTimestamp is null)
        );
        return new(plan.Create, plan.Update, plan.Delete);
    }

    private static bool IsOwned(V1EndpointSlice slice, V1Service service) => slice.IsControlledBy(service.Metadata.Uid);
}
