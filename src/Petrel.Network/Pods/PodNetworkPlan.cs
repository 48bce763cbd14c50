using System.Net;

namespace Petrel.Network.Pods;

/// <summary>
/// The network of pods on a Linux bridge in the node's network namespace. Each pod has a veth pair, an address of the node's range, and
/// the bridge as its default gateway. Renders the commands for <c>ip -batch</c>. A pure function of the node's bridge and range.
/// </summary>
/// <param name="bridge">The bridge's name (at most 15 characters).</param>
/// <param name="range">The node's range of pod addresses; its first address is the gateway, on the bridge.</param>
public sealed class PodNetworkPlan(string bridge, IPNetwork range)
{
    private readonly IPAddress _gateway = new AddressPool(range).Gateway;

    /// <summary>The bridge's name.</summary>
    public string Bridge { get; } = bridge;

    /// <summary>The bridge's address in the format of <c>ip addr</c>.</summary>
    public string BridgeAddress => $"{_gateway}/{range.PrefixLength}";

    /// <summary>Creates the bridge.</summary>
    public string CreateBridge() =>
        $"""
            link add name {Bridge} type bridge
            addr add {BridgeAddress} dev {Bridge}
            link set dev {Bridge} up

            """;

    /// <summary>The commands to run inside a pod's new network namespace: the veth pair, the address and the default route.</summary>
    /// <param name="address">The pod's address.</param>
    /// <param name="nodeNamespace">The file of the node's network namespace, into which the pair's other end is placed.</param>
    public string SetUpPod(PodAddress address, string nodeNamespace) =>
        $"""
            link set dev lo up
            link add name eth0 type veth peer name {address.PortName} netns {nodeNamespace}
            addr add {address.Address}/{range.PrefixLength} dev eth0
            link set dev eth0 up
            route add default via {_gateway} dev eth0

            """;

    /// <summary>Connects the pod's interface on the node to the bridge.</summary>
    public string ConnectPod(PodAddress address) => $"link set dev {address.PortName} master {Bridge} up\n";

    /// <summary>Removes the pod's veth pair. The kernel also removes it with the pod's namespace, but a little later.</summary>
    public static string RemovePod(string sandboxId) => $"link del dev {PortName(sandboxId)}\n";

    /// <summary>The name of a pod's interface on the node. Interface names have at most 15 characters.</summary>
    public static string PortName(string sandboxId) => "pod" + sandboxId[..12];
}
