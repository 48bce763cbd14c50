using Petrel.LocalCluster.Networking;
using Petrel.Network.Linux;

namespace Petrel.LocalCluster.Tests.Networking;

public sealed class NodeNetworkTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("petrel-network-").FullName;
    private ClusterRange? _range;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_range is not null)
        {
            var network = new NodeNetwork(_range);
            await network.RemoveNodeAsync("node-1", 0, CancellationToken.None);
            await network.RemoveNodeAsync("node-2", 1, CancellationToken.None);
            await network.DeleteAsync(CancellationToken.None);
            ClusterRangeClaims.Release(_range);
        }
        Directory.Delete(_directory, recursive: true);
    }

    [NamespaceFact]
    public async Task Pods_reach_each_other_across_nodes_and_the_host_and_nothing_else()
    {
        var network = await CreateAsync(nodes: 2);
        await AddPodAsync(network, 0);
        await AddPodAsync(network, 1);

        await PingAsync(network.NamespacePath("node-1"), PodAddress(1));
        await NetworkTool.RunAsync("ping", ["-c1", "-W2", PodAddress(0)], null, Token);

        var elsewhere = $"10.{64 + network.Range.Number}.77.1";
        foreach (var where in new[] { network.NamespacePath("node-1"), "/proc/self/ns/net" })
        {
            var refused = await Assert.ThrowsAsync<CommandException>(() =>
                NetworkTool.RunAsync("nsenter", [$"--net={where}", "ip", "route", "get", elsewhere], null, Token)
            );
            Assert.Contains("No route to host", refused.Message, StringComparison.Ordinal);
        }
        // A node has no default route: no address outside the cluster can be reached.
        await Assert.ThrowsAsync<CommandException>(() =>
            NetworkTool.RunAsync("nsenter", [$"--net={network.NamespacePath("node-1")}", "ip", "route", "get", "192.0.2.1"], null, Token)
        );
    }

    [NamespaceFact]
    public async Task An_unplugged_node_is_silent_at_once_and_can_be_added_again()
    {
        var network = await CreateAsync(nodes: 2);
        await network.UnplugNodeAsync(1, Token);

        await Assert.ThrowsAsync<CommandException>(() =>
            PingAsync(network.NamespacePath("node-1"), network.Range.NodeAddress(1).ToString())
        );

        await network.AddNodeAsync("node-2", 1, 2, Token);
        // The kernel first gives up the neighbour entry that it made while the node was silent: up to three seconds.
        await PingAsync(network.NamespacePath("node-1"), network.Range.NodeAddress(1).ToString(), count: 5);
    }

    [NamespaceFact]
    public async Task A_range_belongs_to_one_cluster_and_is_found_again()
    {
        var first = await ClusterRangeClaims.ClaimAsync(_directory, null, Token);
        _range = first;
        Assert.Equal(first, await ClusterRangeClaims.ClaimAsync(_directory, null, Token));

        var other = Directory.CreateTempSubdirectory("petrel-network-").FullName;
        var second = await ClusterRangeClaims.ClaimAsync(other, first.Number, Token);
        ClusterRangeClaims.Release(second);
        Directory.Delete(other);
        Assert.NotEqual(first, second);
    }

    private async Task<NodeNetwork> CreateAsync(int nodes)
    {
        _range = await ClusterRangeClaims.ClaimAsync(_directory, null, Token);
        var network = new NodeNetwork(_range);
        await network.CreateAsync(Token);
        for (var index = 0; index < nodes; index++)
        {
            await network.AddNodeAsync($"node-{index + 1}", index, nodes, Token);
        }
        return network;
    }

    private string PodAddress(int index) => $"10.{64 + _range!.Number}.{index + 1}.5";

    // Stands for a pod: an address of the node's pod range inside the node.
    private async Task AddPodAsync(NodeNetwork network, int index) =>
        await NetworkTool.RunAsync(
            "ip",
            ["-netns", network.NamespaceName($"node-{index + 1}"), "-batch", "-"],
            $"""
            link add name pods0 type bridge
            addr add {PodAddress(index)}/24 dev pods0
            link set dev pods0 up

            """,
            Token
        );

    // Succeeds when one of the packets is answered.
    private static Task PingAsync(string namespacePath, string address, int count = 1) =>
        NetworkTool.RunAsync("nsenter", [$"--net={namespacePath}", "ping", $"-c{count}", "-W2", address], null, Token);
}
