using System.Text;

namespace Petrel.Network.Pods;

/// <summary>
/// Host ports of pods as destination NAT in the node's network namespace, rendered for <c>nft -f</c>. The rules are constant. Pods
/// are elements of two maps: one for all addresses of the node, one for a particular address.
/// </summary>
/// <param name="bridge">The name of the node's bridge, from which the table's name is derived.</param>
public sealed class HostPortRules(string bridge)
{
    private readonly string _table = $"petrel-hostports-{bridge}";

    /// <summary>Creates the table. Existing elements are kept.</summary>
    public string Create() =>
        $$"""
            table ip {{_table}} {
                map every { type inet_proto . inet_service : ipv4_addr . inet_service; }
                map single { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
                chain translate { }
                chain prerouting { type nat hook prerouting priority -100; }
                chain output { type nat hook output priority -100; }
            }
            flush chain ip {{_table}} translate
            flush chain ip {{_table}} prerouting
            flush chain ip {{_table}} output
            add rule ip {{_table}} translate meta l4proto { tcp, udp } dnat ip to ip daddr . meta l4proto . th dport map @single
            add rule ip {{_table}} translate meta l4proto { tcp, udp } dnat ip to meta l4proto . th dport map @every
            add rule ip {{_table}} prerouting fib daddr type local jump translate
            add rule ip {{_table}} output ip daddr != 127.0.0.0/8 fib daddr type local jump translate

            """;

    /// <summary>Maps the host ports to a pod.</summary>
    public string Add(string podAddress, IReadOnlyList<PortMapping> ports)
    {
        var commands = new StringBuilder();
        foreach (var port in ports)
        {
            commands.Append($"add element ip {_table} {Element(port, podAddress)}\n");
        }
        return commands.ToString();
    }

    /// <summary>Removes one port. Each removal is its own transaction, because a missing element fails the whole transaction.</summary>
    public string Remove(PortMapping port) => $"delete element ip {_table} {Element(port, null)}\n";

    private static string Element(PortMapping port, string? podAddress)
    {
        var key = $"{port.Protocol.ToLowerInvariant()} . {port.Port}";
        var value = podAddress is null ? "" : $" : {podAddress} . {port.ContainerPort}";
        return port.HostAddress is "" or "0.0.0.0" ? $"every {{ {key}{value} }}" : $"single {{ {port.HostAddress} . {key}{value} }}";
    }
}
