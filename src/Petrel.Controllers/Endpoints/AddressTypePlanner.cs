using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Endpoints;

/// <summary>Distributes a Service's endpoints of one address type over its slices, and collects the writes.</summary>
internal sealed class AddressTypePlanner(V1Service service)
{
    private readonly IDictionary<string, string> _labels = EndpointSliceLabels.For(service);

    public List<V1EndpointSlice> Create { get; } = [];

    public List<V1EndpointSlice> Update { get; } = [];

    public List<V1EndpointSlice> Delete { get; } = [];

    /// <summary>Plans one address type. <paramref name="slices"/> are the slices of that type that the Service owns.</summary>
    public void Add(
        string addressType,
        IEnumerable<(V1Endpoint Endpoint, EndpointPorts Ports)> endpoints,
        IEnumerable<V1EndpointSlice> slices
    )
    {
        var existing = slices.ToLookup(s => EndpointPorts.Of(s.Ports).Key);
        var desired = endpoints.GroupBy(e => e.Ports.Key).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        var created = new List<SliceBuilder>();
        var obsolete = new List<V1EndpointSlice>();
        var kept = 0;
        foreach (var group in desired)
        {
            var builders = Distribute(group.First().Ports, group.Select(e => e.Endpoint), existing[group.Key]);
            created.AddRange(builders.Where(d => d.Slice is null));
            obsolete.AddRange(builders.Where(d => d.Slice is not null && d.Endpoints.Count == 0).Select(d => d.Slice!));
            var staying = builders.Where(d => d.Slice is not null && d.Endpoints.Count > 0).ToList();
            kept += staying.Count;
            Update.AddRange(staying.Where(d => d.Changed).Select(d => Changed(d.Slice!, d)));
        }
        obsolete.AddRange(
            existing.Where(g => desired.All(w => w.Key != g.Key)).SelectMany(g => g).OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)
        );

        if (created.Count == 0 && kept == 0)
        {
            // A Service without pods has one empty slice, which shows that the Service was synced.
            var empty = obsolete.Find(s =>
                s.Endpoints is null or { Count: 0 } && s.Ports is null or { Count: 0 } && LabelSets.AreEqual(s.Metadata.Labels, _labels)
            );
            if (empty is null)
            {
                created.Add(new(null, EndpointPorts.None));
            }
            else
            {
                obsolete.Remove(empty);
            }
        }

        // To reuse a slice that would be deleted is one write instead of two.
        var reused = Math.Min(created.Count, obsolete.Count);
        Update.AddRange(created.Take(reused).Select((builder, i) => Changed(obsolete[i], builder)));
        Delete.AddRange(obsolete.Skip(reused));
        if (service.Metadata.DeletionTimestamp is null)
        {
            Create.AddRange(created.Skip(reused).Select(builder => New(addressType, builder)));
        }
    }

    // Endpoints stay in their slice. New endpoints go to slices that change anyway, then to an unchanged slice with room for all of them.
    private List<SliceBuilder> Distribute(EndpointPorts ports, IEnumerable<V1Endpoint> endpoints, IEnumerable<V1EndpointSlice> slices)
    {
        var unassigned = new SortedDictionary<ObjectKey, V1Endpoint>();
        foreach (var endpoint in endpoints)
        {
            unassigned[IdentityOf(endpoint)] = endpoint;
        }
        var builders = slices.Select(slice => KeepEndpoints(slice, ports, unassigned)).ToList();
        foreach (var builder in builders.Where(d => d.Changed && d.Endpoints.Count > 0).OrderByDescending(d => d.Endpoints.Count))
        {
            builder.Fill(unassigned);
        }
        while (unassigned.Count > 0)
        {
            var target = builders
                .Where(d => !d.Changed && d.Endpoints.Count > 0 && d.Endpoints.Count + unassigned.Count <= EndpointSlicePlan.MaxEndpoints)
                .MaxBy(d => d.Endpoints.Count);
            if (target is null)
            {
                target = new(null, ports);
                builders.Add(target);
            }
            target.Fill(unassigned);
        }
        return builders;
    }

    private SliceBuilder KeepEndpoints(V1EndpointSlice slice, EndpointPorts ports, SortedDictionary<ObjectKey, V1Endpoint> unassigned)
    {
        var builder = new SliceBuilder(slice, ports) { Changed = !LabelSets.AreEqual(slice.Metadata.Labels, _labels) };
        foreach (var old in slice.Endpoints ?? [])
        {
            if (builder.Endpoints.Count < EndpointSlicePlan.MaxEndpoints && unassigned.Remove(IdentityOf(old), out var now))
            {
                builder.Endpoints.Add(now);
                builder.Changed |= !PodEndpoint.AreEqual(old, now);
            }
            else
            {
                builder.Changed = true;
            }
        }
        return builder;
    }

    private V1EndpointSlice Changed(V1EndpointSlice slice, SliceBuilder builder)
    {
        var changed = slice.DeepCopy();
        changed.ApiVersion = "discovery.k8s.io/v1";
        changed.Kind = "EndpointSlice";
        changed.Metadata.Labels = _labels;
        changed.Endpoints = builder.Endpoints;
        changed.Ports = [.. builder.Ports.Ports];
        return changed;
    }

    private V1EndpointSlice New(string addressType, SliceBuilder builder) =>
        new()
        {
            ApiVersion = "discovery.k8s.io/v1",
            Kind = "EndpointSlice",
            Metadata = new()
            {
                GenerateName = $"{service.Metadata.Name}-",
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = _labels,
                OwnerReferences = [OwnerReferences.ToController(service)],
            },
            AddressType = addressType,
            Endpoints = builder.Endpoints,
            Ports = [.. builder.Ports.Ports],
        };

    // A pod that was recreated under the same name is another endpoint.
    private static ObjectKey IdentityOf(V1Endpoint endpoint) => new(endpoint.TargetRef?.Name ?? "", endpoint.TargetRef?.Uid ?? "");

    private sealed class SliceBuilder(V1EndpointSlice? slice, EndpointPorts ports)
    {
        /// <summary>The slice to update; null for one to create.</summary>
        public V1EndpointSlice? Slice => slice;

        public EndpointPorts Ports => ports;

        public List<V1Endpoint> Endpoints { get; } = [];

        public bool Changed { get; set; }

        public void Fill(SortedDictionary<ObjectKey, V1Endpoint> unassigned)
        {
            while (Endpoints.Count < EndpointSlicePlan.MaxEndpoints && unassigned.Count > 0)
            {
                var (key, endpoint) = unassigned.First();
                unassigned.Remove(key);
                Endpoints.Add(endpoint);
                Changed = true;
            }
        }
    }
}
