using System.Text;
using Petrel.Network.Linux;

namespace Petrel.LocalCluster.Networking;

/// <summary>
/// The network of a <c>petrel up</c> cluster on one machine: every node is a network namespace, joined to the others and to the host by
/// one bridge. The host routes each node's pod range to that node and refuses the rest of the cluster's ranges, so that no packet
/// for a pod or service ever takes the machine's own default route.
/// </summary>
public sealed class NodeNetwork(ClusterRange range)
{
    public ClusterRange Range { get; } = range;

    /// <summary>The name under which <c>ip netns</c> knows the node.</summary>
    public string NamespaceName(string node) => $"{Range.Bridge}-{node}";

    /// <summary>The file that pins the node's network namespace.</summary>
    public string NamespacePath(string node) => $"/run/netns/{NamespaceName(node)}";

    /// <summary>Makes the bridge, and refuses the cluster's ranges everywhere else. Idempotent.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        // Refuse first: from here on nothing of these ranges can leak, whatever is set up next.
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
    /// Makes the node's namespace, joins it to the bridge, and routes pod ranges: this node's from the host, the others' (all
    /// <paramref name="nodeCount"/>) from this node. Starts from nothing even when an earlier life left something.
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
        // The service range needs a route in the node for its own processes: a destination is translated only after it was routed once.
        // Nobody on the bridge has such an address, and the service proxy rejects what no service has.
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

    /// <summary>Takes the node's cable away, as the power cut of a machine does. Its namespace goes with its last process.</summary>
    public Task UnplugNodeAsync(int index, CancellationToken cancellationToken) =>
        NetworkTool.IpBatchForcedAsync(
            $"""
            link del dev {PortName(index)}
            route del {Range.NodePodCidr(index)}
            """,
            cancellationToken
        );

    /// <summary>Removes all that <see cref="AddNodeAsync"/> made; missing parts are no error.</summary>
    public async Task RemoveNodeAsync(string node, int index, CancellationToken cancellationToken)
    {
        await UnplugNodeAsync(index, cancellationToken);
        if (File.Exists(NamespacePath(node)))
        {
            await NetworkTool.IpBatchForcedAsync($"netns del {NamespaceName(node)}\n", cancellationToken);
        }
    }

    /// <summary>Removes the bridge and the refusals, once no node is left.</summary>
    public Task DeleteAsync(CancellationToken cancellationToken) =>
        NetworkTool.IpBatchForcedAsync(
            $"""
            link del dev {Range.Bridge}
            route del unreachable {Range.PodCidr} metric 4278198272
            route del unreachable {Range.ServiceCidr} metric 4278198272
            """,
            cancellationToken
        );

    // A bridge without an address of its own takes that of one of its ports. When that port went, the nodes lost the API server until their
    // neighbour tables were right again. This one is locally administered and the cluster's own.
    private string BridgeAddress => $"02:70:74:00:00:{Range.Number:x2}";

    // Interface names have at most 15 characters.
    private string PortName(int index) => $"{Range.Bridge}n{index}";
}
