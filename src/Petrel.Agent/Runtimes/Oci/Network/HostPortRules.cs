using System.Text;

namespace Petrel.Agent.Runtimes.Oci.Network;

/// <summary>
/// Host ports of pods: destination translation in the node's network namespace. The rules stand still; pods come and go as elements of
/// two maps, one for all of the node's addresses and one for a particular address.
/// </summary>
internal sealed class HostPortRules(string bridge)
{
    private readonly string _table = $"petrel-hostports-{bridge}";
    private bool _made;

    public async ValueTask AddAsync(string podAddress, IReadOnlyList<HostPort> ports, CancellationToken cancellationToken)
    {
        if (ports.Count == 0)
        {
            return;
        }
        var commands = new StringBuilder();
        if (!_made)
        {
            commands.Append(
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

                """
            );
        }
        foreach (var port in ports)
        {
            commands.Append($"add element ip {_table} {Element(port, podAddress)}\n");
        }
        await Tool.MustRunAsync("CreatePodSandboxError", "nft", ["-f", "-"], commands.ToString(), cancellationToken);
        _made = true;
    }

    public async ValueTask RemoveAsync(IReadOnlyList<HostPort> ports, CancellationToken cancellationToken)
    {
        foreach (var port in ports)
        {
            // Gone already is fine, as after a power cut: the namespace took its rules along.
            await Tool.RunAsync("nft", ["-f", "-"], $"delete element ip {_table} {Element(port, null)}\n", cancellationToken);
        }
    }

    private static string Element(HostPort port, string? podAddress)
    {
        var key = $"{port.Protocol.ToLowerInvariant()} . {port.Port}";
        var value = podAddress is null ? "" : $" : {podAddress} . {port.ContainerPort}";
        return port.HostAddress is "" or "0.0.0.0" ? $"every {{ {key}{value} }}" : $"single {{ {port.HostAddress} . {key}{value} }}";
    }
}
