using System.Globalization;
using System.Text;
using k8s.Models;

namespace Petrel.Network.Services;

/// <summary>
/// The nftables rules that implement Services on a node. A verdict map leads from (address, protocol, port) to the service's
/// chain, which picks a ready endpoint at random and translates the destination (the structure of kube-proxy's nftables mode).
/// A pure function of the observed Services and EndpointSlices.
/// </summary>
public static class ServiceRules
{
    /// <summary>Marks packets that need the node's own address as their source: a pod reaches itself through its Service.</summary>
    private const string MasqueradeMark = "0x4000";

    /// <summary>Renders one <c>nft -f</c> transaction that replaces the whole table.</summary>
    public static string Render(IEnumerable<V1Service> services, IEnumerable<V1EndpointSlice> slices, string serviceCidr)
    {
        var ports = Ports(services, slices).ToList();
        var text = new StringBuilder();
        text.Append(
            """
            add table ip petrel-services
            delete table ip petrel-services
            table ip petrel-services {

            """
        );
        foreach (var port in ports)
        {
            foreach (var (chain, endpoint) in port.Endpoints.Select((e, i) => ($"{port.Chain}-{i}", e)))
            {
                text.AppendLine($"  chain {chain} {{");
                text.AppendLine($"    ip saddr {endpoint.Address} meta mark set meta mark or {MasqueradeMark}");
                text.AppendLine($"    meta l4proto {port.Protocol} dnat to {endpoint.Address}:{endpoint.Port}");
                text.AppendLine("  }");
            }
            if (port.Endpoints.Count > 0)
            {
                var choices = string.Join(", ", port.Endpoints.Select((_, i) => $"{i} : goto {port.Chain}-{i}"));
                text.AppendLine($"  chain {port.Chain} {{");
                text.AppendLine($"    numgen random mod {port.Endpoints.Count} vmap {{ {choices} }}");
                text.AppendLine("  }");
            }
        }
        text.AppendLine("  map service-ports {");
        text.AppendLine("    type ipv4_addr . inet_proto . inet_service : verdict");
        var elements = ports
            .Where(p => p.Endpoints.Count > 0)
            .Select(p => $"{p.ClusterIp} . {p.Protocol} . {p.Port} : goto {p.Chain}")
            .ToList();
        if (elements.Count > 0)
        {
            text.AppendLine($"    elements = {{ {string.Join(", ", elements)} }}");
        }
        text.Append(
            $$"""
              }
              chain prerouting {
                type nat hook prerouting priority -100; policy accept;
                ip daddr . meta l4proto . th dport vmap @service-ports
              }
              chain output {
                type nat hook output priority -100; policy accept;
                ip daddr . meta l4proto . th dport vmap @service-ports
              }
              chain postrouting {
                type nat hook postrouting priority 100; policy accept;
                meta mark and {{MasqueradeMark}} == {{MasqueradeMark}} masquerade
              }
              chain forward {
                type filter hook forward priority 0; policy accept;
                ip daddr {{serviceCidr}} reject
              }
              chain local {
                type filter hook output priority 0; policy accept;
                ip daddr {{serviceCidr}} reject
              }
            }

            """
        );
        return text.ToString();
    }

    private sealed record ServicePort(
        string Chain,
        string ClusterIp,
        string Protocol,
        int Port,
        IReadOnlyList<(string Address, int Port)> Endpoints
    );

    private static IEnumerable<ServicePort> Ports(IEnumerable<V1Service> services, IEnumerable<V1EndpointSlice> slices)
    {
        var slicesByService = slices
            .Where(s => s.AddressType == "IPv4" && s.Metadata.Labels?.ContainsKey(ServiceNameLabel) == true)
            .ToLookup(s => (s.Metadata.NamespaceProperty, s.Metadata.Labels[ServiceNameLabel]));
        foreach (
            var service in services
                .OrderBy(s => s.Metadata.NamespaceProperty, StringComparer.Ordinal)
                .ThenBy(s => s.Metadata.Name, StringComparer.Ordinal)
        )
        {
            if (service.Spec.ClusterIP is null or "" or "None")
            {
                continue;
            }
            var own = slicesByService[(service.Metadata.NamespaceProperty, service.Metadata.Name)]
                .OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)
                .ToList();
            foreach (var port in service.Spec.Ports ?? [])
            {
                var protocol = (port.Protocol ?? "TCP").ToLowerInvariant();
                var chain = $"svc-{service.Spec.ClusterIP.Replace('.', '-')}-{protocol}-{port.Port.ToString(CultureInfo.InvariantCulture)}";
                yield return new(chain, service.Spec.ClusterIP, protocol, port.Port, Endpoints(own, port).ToList());
            }
        }
    }

    // Ready endpoints. If there are none, terminating endpoints that are still serving (upstream's fallback, KEP-1669).
    private static IEnumerable<(string Address, int Port)> Endpoints(List<V1EndpointSlice> slices, V1ServicePort port)
    {
        var candidates =
            from slice in slices
            let slicePort = slice.Ports?.FirstOrDefault(p => (p.Name ?? "") == (port.Name ?? ""))
            where slicePort?.Port is not null
            from endpoint in slice.Endpoints ?? []
            select (endpoint, port: slicePort.Port!.Value);
        var all = candidates.ToList();
        var ready = all.Where(e => e.endpoint.Conditions?.Ready ?? true).ToList();
        var chosen = ready.Count > 0 ? ready : all.Where(e => e.endpoint.Conditions is { Serving: true, Terminating: true }).ToList();
        return chosen.SelectMany(e => e.endpoint.Addresses.Select(a => (a, e.port))).Distinct();
    }

    private const string ServiceNameLabel = "kubernetes.io/service-name";
}
