using System.Net;
using System.Text;

namespace Petrel.Agent.Runtimes.Oci.Network;

/// <param name="Bridge">The bridge's name (at most 15 characters), for example <c>pods0</c>.</param>
/// <param name="PodCidr">The node's range of pod addresses; its first address is the gateway, on the bridge.</param>
/// <param name="StateDirectory">Where allocations are kept, one file per address.</param>
public sealed record BridgePodNetworkSettings(string Bridge, IPNetwork PodCidr, string StateDirectory);

/// <summary>
/// Pods on a Linux bridge in the node's network namespace: a veth pair each, an address of the node's range, the bridge as the default
/// gateway. Host ports are elements of two nftables maps. What leaves the node is up to the node's own routes.
/// </summary>
public sealed class BridgePodNetwork(BridgePodNetworkSettings settings) : IPodNetwork
{
    private readonly AddressPool _addresses = new(settings.PodCidr, Path.Combine(settings.StateDirectory, "addresses"));
    private readonly HostPortRules _hostPorts = new(settings.Bridge);

    /// <inheritdoc/>
    public async ValueTask StartAsync(IReadOnlyCollection<string> sandboxes, CancellationToken cancellationToken)
    {
        foreach (var lost in _addresses.Load().Where(id => !sandboxes.Contains(id)))
        {
            _addresses.Release(lost);
        }
        if (!Directory.Exists($"/sys/class/net/{settings.Bridge}") || !await HasAddressAsync(cancellationToken))
        {
            await Tool.RunAsync("ip", ["link", "del", "dev", settings.Bridge], null, cancellationToken);
            await IpAsync(
                $"""
                link add name {settings.Bridge} type bridge
                addr add {_addresses.Gateway}/{settings.PodCidr.PrefixLength} dev {settings.Bridge}
                link set dev {settings.Bridge} up

                """,
                cancellationToken
            );
        }
        await File.WriteAllTextAsync("/proc/sys/net/ipv4/ip_forward", "1", cancellationToken);
    }

    /// <inheritdoc/>
    public PodAddress Allocate(string sandboxId) => new(_addresses.Allocate(sandboxId).ToString(), PortName(sandboxId));

    /// <inheritdoc/>
    public string Commands(PodAddress address) =>
        $"""
            link set dev lo up
            link add name eth0 type veth peer name {address.PortName} netns /proc/{Environment.ProcessId}/ns/net
            addr add {address.Address}/{settings.PodCidr.PrefixLength} dev eth0
            link set dev eth0 up
            route add default via {_addresses.Gateway} dev eth0

            """;

    /// <inheritdoc/>
    public async ValueTask ConnectAsync(
        string sandboxId,
        PodAddress address,
        IReadOnlyList<HostPort> hostPorts,
        CancellationToken cancellationToken
    )
    {
        await IpAsync($"link set dev {address.PortName} master {settings.Bridge} up\n", cancellationToken);
        await _hostPorts.AddAsync(address.Address, hostPorts, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask ReleaseAsync(string sandboxId, IReadOnlyList<HostPort> hostPorts, CancellationToken cancellationToken)
    {
        if (_addresses.Find(sandboxId) is null)
        {
            return;
        }
        await _hostPorts.RemoveAsync(hostPorts, cancellationToken);
        // The kernel takes the pair away with the pod's namespace, but a little later: the address must be free before it is given back.
        await Tool.RunAsync("ip", ["link", "del", "dev", PortName(sandboxId)], null, cancellationToken);
        _addresses.Release(sandboxId);
    }

    private async ValueTask<bool> HasAddressAsync(CancellationToken cancellationToken)
    {
        var shown = await Tool.RunAsync("ip", ["-o", "-4", "addr", "show", "dev", settings.Bridge], null, cancellationToken);
        return shown.Text.Contains($" {_addresses.Gateway}/{settings.PodCidr.PrefixLength} ", StringComparison.Ordinal);
    }

    private static async ValueTask IpAsync(string commands, CancellationToken cancellationToken) =>
        await Tool.MustRunAsync("CreatePodSandboxError", "ip", ["-batch", "-"], commands, cancellationToken);

    // Interface names have at most 15 characters.
    private static string PortName(string sandboxId) => "pod" + sandboxId[..12];
}
