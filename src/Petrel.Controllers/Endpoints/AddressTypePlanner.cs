using k8s;
using k8s.Models;
using Petrel.Model;

namespace Petrel.Controllers.Endpoints;

/// <summary>Distributes a service's endpoints of one address type over its slices, and collects the writes that this takes.</summary>
internal sealed class AddressTypePlanner(V1Service service)
{
    private readonly IDictionary<string, string> _labels = EndpointSliceLabels.For(service);

    public List<V1EndpointSlice> Create { get; } = [];

    public List<V1EndpointSlice> Update { get; } = [];

    public List<V1EndpointSlice> Delete { get; } = [];

    /// <summary>Plans one address type; <paramref name="slices"/> are the slices of that type that the service owns.</summary>
    public void Add(
        string addressType,
        IEnumerable<(V1Endpoint Endpoint, EndpointPorts Ports)> endpoints,
        IEnumerable<V1EndpointSlice> slices
    )
    {
        var existing = slices.ToLookup(s => EndpointPorts.Of(s.Ports).Key);
        var wanted = endpoints.GroupBy(e => e.Ports.Key).OrderBy(g => g.Key, StringComparer.Ordinal).ToList();
        var fresh = new List<Draft>();
        var obsolete = new List<V1EndpointSlice>();
        var kept = 0;
        foreach (var group in wanted)
        {
            var drafts = Distribute(group.First().Ports, group.Select(e => e.Endpoint), existing[group.Key]);
            fresh.AddRange(drafts.Where(d => d.Slice is null));
            obsolete.AddRange(drafts.Where(d => d.Slice is not null && d.Endpoints.Count == 0).Select(d => d.Slice!));
            var staying = drafts.Where(d => d.Slice is not null && d.Endpoints.Count > 0).ToList();
            kept += staying.Count;
            Update.AddRange(staying.Where(d => d.Changed).Select(d => Changed(d.Slice!, d)));
        }
        obsolete.AddRange(
            existing.Where(g => wanted.All(w => w.Key != g.Key)).SelectMany(g => g).OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)
        );

        if (fresh.Count == 0 && kept == 0)
        {
            // A service without pods has one empty slice: it says that the service was looked at.
            var empty = obsolete.Find(s =>
                s.Endpoints is null or { Count: 0 }
                && s.Ports is null or { Count: 0 }
                && EndpointSliceLabels.Same(s.Metadata.Labels, _labels)
            );
            if (empty is null)
            {
                fresh.Add(new(null, EndpointPorts.None));
            }
            else
            {
                obsolete.Remove(empty);
            }
        }

        // Writing over a slice that would go is one write instead of two.
        var reused = Math.Min(fresh.Count, obsolete.Count);
        Update.AddRange(fresh.Take(reused).Select((draft, i) => Changed(obsolete[i], draft)));
        Delete.AddRange(obsolete.Skip(reused));
        if (service.Metadata.DeletionTimestamp is null)
        {
            Create.AddRange(fresh.Skip(reused).Select(draft => New(addressType, draft)));
        }
    }

    // Endpoints stay where they are; the others go to slices that are written anyway, then to an untouched one that has place for all of
    // them.
    private List<Draft> Distribute(EndpointPorts ports, IEnumerable<V1Endpoint> endpoints, IEnumerable<V1EndpointSlice> slices)
    {
        var waiting = new SortedDictionary<ObjectKey, V1Endpoint>();
        foreach (var endpoint in endpoints)
        {
            waiting[IdentityOf(endpoint)] = endpoint;
        }
        var drafts = slices.Select(slice => Keep(slice, ports, waiting)).ToList();
        foreach (var draft in drafts.Where(d => d.Changed && d.Endpoints.Count > 0).OrderByDescending(d => d.Endpoints.Count))
        {
            draft.Fill(waiting);
        }
        while (waiting.Count > 0)
        {
            var target = drafts
                .Where(d => !d.Changed && d.Endpoints.Count > 0 && d.Endpoints.Count + waiting.Count <= EndpointSlicePlan.MaxEndpoints)
                .MaxBy(d => d.Endpoints.Count);
            if (target is null)
            {
                target = new(null, ports);
                drafts.Add(target);
            }
            target.Fill(waiting);
        }
        return drafts;
    }

    private Draft Keep(V1EndpointSlice slice, EndpointPorts ports, SortedDictionary<ObjectKey, V1Endpoint> waiting)
    {
        var draft = new Draft(slice, ports) { Changed = !EndpointSliceLabels.Same(slice.Metadata.Labels, _labels) };
        foreach (var old in slice.Endpoints ?? [])
        {
            if (draft.Endpoints.Count < EndpointSlicePlan.MaxEndpoints && waiting.Remove(IdentityOf(old), out var now))
            {
                draft.Endpoints.Add(now);
                draft.Changed |= !PodEndpoint.Same(old, now);
            }
            else
            {
                draft.Changed = true;
            }
        }
        return draft;
    }

    private V1EndpointSlice Changed(V1EndpointSlice slice, Draft draft)
    {
        var changed = KubernetesJson.Deserialize<V1EndpointSlice>(KubernetesJson.Serialize(slice));
        changed.ApiVersion = "discovery.k8s.io/v1";
        changed.Kind = "EndpointSlice";
        changed.Metadata.Labels = _labels;
        changed.Endpoints = draft.Endpoints;
        changed.Ports = [.. draft.Ports.Ports];
        return changed;
    }

    private V1EndpointSlice New(string addressType, Draft draft) =>
        new()
        {
            ApiVersion = "discovery.k8s.io/v1",
            Kind = "EndpointSlice",
            Metadata = new()
            {
                GenerateName = $"{service.Metadata.Name}-",
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = _labels,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "v1",
                        Kind = "Service",
                        Name = service.Metadata.Name,
                        Uid = service.Metadata.Uid,
                        Controller = true,
                        BlockOwnerDeletion = true,
                    },
                ],
            },
            AddressType = addressType,
            Endpoints = draft.Endpoints,
            Ports = [.. draft.Ports.Ports],
        };

    // A pod of the same name that was created again is another endpoint.
    private static ObjectKey IdentityOf(V1Endpoint endpoint) => new(endpoint.TargetRef?.Name ?? "", endpoint.TargetRef?.Uid ?? "");

    private sealed class Draft(V1EndpointSlice? slice, EndpointPorts ports)
    {
        /// <summary>What it was, or null for a slice that has to be created.</summary>
        public V1EndpointSlice? Slice => slice;

        public EndpointPorts Ports => ports;

        public List<V1Endpoint> Endpoints { get; } = [];

        public bool Changed { get; set; }

        public void Fill(SortedDictionary<ObjectKey, V1Endpoint> waiting)
        {
            while (Endpoints.Count < EndpointSlicePlan.MaxEndpoints && waiting.Count > 0)
            {
                var (key, endpoint) = waiting.First();
                waiting.Remove(key);
                Endpoints.Add(endpoint);
                Changed = true;
            }
        }
    }
}
