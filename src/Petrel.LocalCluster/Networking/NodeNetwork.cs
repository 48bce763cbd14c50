using System.Text;
using Petrel.Network.Linux;

namespace Petrel.LocalCluster.Networking;

/// <summary>
/// The network of a <c>petrel up</c> cluster on one machine. Every node is a network namespace. One bridge connects the nodes and the
/// host. The host routes each node's pod range to that node and rejects the rest of the cluster's ranges, so that no packet for a pod or
/// service ever uses the machine's default route.
/// </summary>
public sealed class NodeNetwork(ClusterRange range)
{
    public ClusterRange Range { get; } = range;

    /// <summary>The name of the node's network namespace in <c>ip netns</c>.</summary>
    public string NamespaceName(string node) => $"{Range.Bridge}-{node}";

    /// <summary>The file that pins the node's network namespace.</summary>
    public string NamespacePath(string node) => $"/run/netns/{NamespaceName(node)}";

    /// <summary>Creates the bridge, and routes that reject the rest of the cluster's ranges. Idempotent.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        // Add the rejecting routes first, so that no packet for these ranges leaks during the rest of the setup.
        await NetworkTool.IpBatchAsync(
            $"""
            route replace unreachable {Range.PodCidr} metric 4278198272
            route replace unreachable {Range.ServiceCidr} metric 4278198272
            """,
            cancellationToken
        );
        if (!Directory.Exists($"/sys/class/net/{Range.Bridge}"))
        {
            await NetworkTool.IpBatchAsync(
                $"""
                link add name {Range.Bridge} address {BridgeAddress} type bridge
                addr add {Range.HostAddress}/24 dev {Range.Bridge}
                link set dev {Range.Bridge} up
                """,
                cancellationToken
            );
        }
    }

    /// <summary>
    /// Creates the node's namespace, connects it to the bridge, and adds routes to pod ranges: to this node's range on the host, and to
    /// those of the others (all <paramref name="nodeCount"/>) in this node. Removes what an earlier run of the node has left behind.
    /// </summary>
    public async Task AddNodeAsync(string node, int index, int nodeCount, CancellationToken cancellationToken)
    {
        await RemoveNodeAsync(node, index, cancellationToken);
        var name = NamespaceName(node);
        var port = PortName(index);
        await NetworkTool.IpBatchAsync(
            $"""
            netns add {name}
            link add name {port} type veth peer name eth0 netns {name}
            link set dev {port} master {Range.Bridge}
            link set dev {port} up
            route replace {Range.NodePodCidr(index)} via {Range.NodeAddress(index)} dev {Range.Bridge}
            """,
            cancellationToken
        );
        var inside = new StringBuilder(
            $"""
            link set dev lo up
            addr add {Range.NodeAddress(index)}/24 dev eth0
            link set dev eth0 up
            route add unreachable {Range.PodCidr} metric 4278198272
            route add {Range.ServiceCidr} dev eth0

            """
        );
        // The node's own processes need a route to the service range, because the kernel routes a packet before it translates the address.
        // No host on the bridge has such an address, and the service proxy rejects addresses without a service.
        for (var other = 0; other < nodeCount; other++)
        {
            if (other != index)
            {
                inside.AppendLine($"route add {Range.NodePodCidr(other)} via {Range.NodeAddress(other)} dev eth0");
            }
        }
        await NetworkTool.RunAsync("ip", ["-netns", name, "-batch", "-"], inside.ToString(), cancellationToken);
        await NetworkTool.RunAsync(
            "nsenter",
            [$"--net={NamespacePath(node)}", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"],
            null,
            cancellationToken
        );
    }

    /// <summary>Removes the node's bridge port, as in a power cut. The kernel removes the namespace with its last process.</summary>
    public Task UnplugNodeAsync(int index, CancellationToken cancellationToken) =>
        NetworkTool.IpBatchForcedAsync(
            $"""
            link del dev {PortName(index)}
            route del {Range.NodePodCidr(index)}
            """,
            cancellationToken
        );

    /// <summary>Removes everything that <see cref="AddNodeAsync"/> created. Missing parts are ignored.</summary>
    public async Task RemoveNodeAsync(string node, int index, CancellationToken cancellationToken)
    {
        await UnplugNodeAsync(index, cancellationToken);
        if (File.Exists(NamespacePath(node)))
        {
            await NetworkTool.IpBatchForcedAsync($"netns del {NamespaceName(node)}\n", cancellationToken);
        }
    }

    /// <summary>Removes the bridge and the rejecting routes, after the last node was removed.</summary>
    public Task DeleteAsync(CancellationToken cancellationToken) =>
        NetworkTool.IpBatchForcedAsync(
            $"""
            link del dev {Range.Bridge}
            route del unreachable {Range.PodCidr} metric 4278198272
            route del unreachable {Range.ServiceCidr} metric 4278198272
            """,
            cancellationToken
        );

    // A bridge without its own MAC address takes that of one of its ports. When that port was removed, the nodes could not reach the API
    // server until their neighbour tables were updated. This address is locally administered and unique to the cluster.
    private string BridgeAddress => $"02:70:74:00:00:{Range.Number:x2}";

    // Interface names have at most 15 characters.
    private string PortName(int index) => $"{Range.Bridge}n{index}";
}
