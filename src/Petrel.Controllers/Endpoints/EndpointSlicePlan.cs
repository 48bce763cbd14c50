using k8s;
using k8s.Models;
using Petrel.Model.Selectors;

namespace Petrel.Controllers.Endpoints;

/// <summary>
/// What has to be written so that a service's slices show its pods: as few writes as possible, and slices that are as full as possible.
/// </summary>
public sealed record EndpointSlicePlan(
    IReadOnlyList<V1EndpointSlice> Create,
    IReadOnlyList<V1EndpointSlice> Update,
    IReadOnlyList<V1EndpointSlice> Delete
)
{
    /// <summary>How many endpoints a slice holds.</summary>
    public const int MaxEndpoints = 100;

    private static readonly EndpointSlicePlan Nothing = new([], [], []);

    public bool IsEmpty => Create.Count + Update.Count + Delete.Count == 0;

    /// <summary>Whether the service's slices are this controller's business: without a selector, the user writes them.</summary>
    public static bool Manages(V1Service service) => service.Spec.Type != "ExternalName" && service.Spec.Selector is { Count: > 0 };

    /// <summary>Whether the service selects the pod.</summary>
    public static bool Selects(V1Service service, V1Pod pod) =>
        service.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty && SelectorOf(service).Matches(LabelsOf(pod));

    /// <summary>Whether two versions of a service select the same pods.</summary>
    public static bool SelectsAlike(V1Service left, V1Service right) =>
        (left.Spec.Selector ?? new Dictionary<string, string>())
            .OrderBy(l => l.Key, StringComparer.Ordinal)
            .SequenceEqual((right.Spec.Selector ?? new Dictionary<string, string>()).OrderBy(l => l.Key, StringComparer.Ordinal));

    /// <summary>
    /// The plan for one service; <paramref name="pods"/> and <paramref name="slices"/> may contain others. A pod on a node that isn't known
    /// is left out: nobody vouches for its address.
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
        var selector = SelectorOf(service);
        var published = service.Spec.PublishNotReadyAddresses == true;
        var chosen = pods.Where(p =>
                p.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty && selector.Matches(LabelsOf(p)) && PodEndpoint.Serves(p)
            )
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
            : chosen.SelectMany(p => PodEndpoint.AddressTypes(p.Pod)).ToList();
        types = [.. (types.Count > 0 ? types : [PodEndpoint.IPv4]).Distinct().Order(StringComparer.Ordinal)];
        var plan = new AddressTypePlanner(service);
        foreach (var type in types)
        {
            var endpoints =
                from p in chosen
                let endpoint = PodEndpoint.Of(service, p.Pod, p.Node, type)
                where endpoint is not null
                select (endpoint, EndpointPorts.Resolve(service, p.Pod));
            plan.Add(type, endpoints, own.Where(s => s.AddressType == type && IsOwned(s, service)));
        }

        // An address type that this service has no more, or an earlier service of this name. While this one goes, the latter may be what is
        // to outlive it.
        plan.Delete.AddRange(
            own.Where(s => IsOwned(s, service) ? !types.Contains(s.AddressType) : service.Metadata.DeletionTimestamp is null)
        );
        return new(plan.Create, plan.Update, plan.Delete);
    }

    private static bool IsOwned(V1EndpointSlice slice, V1Service service) =>
        slice.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == service.Metadata.Uid) == true;

    private static LabelSelector SelectorOf(V1Service service)
    {
        try
        {
            return service.Spec.Selector is { Count: > 0 } labels ? LabelSelector.FromLabels(labels) : LabelSelector.Nothing;
        }
        catch (FormatException)
        {
            return LabelSelector.Nothing;
        }
    }

    private static Dictionary<string, string> LabelsOf(V1Pod pod) =>
        pod.Metadata.Labels switch
        {
            null => [],
            Dictionary<string, string> labels => labels,
            var other => new(other),
        };
}
