using System.Net;
using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Model;
using Petrel.SimulatedNodes;
using Petrel.SimulatedNodes.Composition;
using Petrel.SimulatedNodes.Nodes;

namespace Petrel.SimulatedNodes.Tests;

/// <summary>The nodes of the simulator, as the API sees them.</summary>
public sealed class SimulatedNodeManagerTests
{
    [Fact]
    public async Task Nodes_are_ready_with_what_they_were_made_of()
    {
        await using var world = new SimulatedNodesWorld(
            SimulatedNodesWorld.Quick with
            {
                Count = 4,
                Prefix = "big-",
                MilliCpu = 1500,
                Memory = 1L << 30,
                MaxPods = 20,
                Zones = 3,
                Labels = [new("team", "load")],
                Taints = [new() { Key = "simulated", Effect = "NoSchedule" }],
            }
        );

        var nodes = Enumerable.Range(1, 4).Select(i => world.Get<V1Node>($"big-{i}", "")).ToList();

        Assert.All(nodes, node =>
        {
            Assert.Equal("True", Assert.Single(node.Status.Conditions, c => c.Type == "Ready").Status);
            Assert.Equal(
                ("1500m", "1Gi", "20"),
                (
                    node.Status.Allocatable["cpu"].ToString(),
                    node.Status.Allocatable["memory"].CanonicalizeString(ResourceQuantity.SuffixFormat.BinarySI),
                    node.Status.Allocatable["pods"].ToString()
                )
            );
            Assert.Equal(("load", "true"), (node.Metadata.Labels["team"], node.Metadata.Labels["petrel.dev/simulated"]));
            Assert.Contains(node.Spec.Taints, t => t is { Key: "simulated", Effect: "NoSchedule" });
        });
        Assert.Equal(["zone-1", "zone-2", "zone-3", "zone-1"], nodes.Select(n => n.Metadata.Labels["topology.kubernetes.io/zone"]));
        Assert.Equal(4, nodes.Select(n => n.Spec.PodCIDR).Distinct().Count());
        Assert.Equal(4, nodes.Select(n => n.Status.Addresses[0].Address).Distinct().Count());
        Assert.Equal(
            (4, 4, 4),
            (world.NodeSimulator.Progress.Nodes, world.NodeSimulator.Progress.Registered, world.NodeSimulator.Progress.Ready)
        );
    }

    [Fact]
    public async Task However_many_nodes_there_are_two_watches_serve_them()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { Count = 50 });
        world.Run(30);
        Assert.Equal(
            ["GET /api/v1/nodes watch", "GET /api/v1/pods watch"],
            world.Requests.Select(r => r.What).Where(r => r.EndsWith("watch", StringComparison.Ordinal)).Order()
        );
    }

    [Fact]
    public async Task Leases_are_renewed_evenly_over_time()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick with { Count = 100 });
        world.Run(20);
        world.Requests.Clear();
        world.Run(60);

        var renewals = world.Requests.Where(r => r.What.StartsWith("PATCH /apis/coordination.k8s.io", StringComparison.Ordinal)).ToList();

        // 100 nodes each 10 seconds: 10 a second, more or less.
        Assert.InRange(renewals.Count, 590, 610);
        Assert.InRange(renewals.GroupBy(r => r.At.ToUnixTimeSeconds()).Max(g => g.Count()), 10, 22);
        var lease = world.Get<V1Lease>("sim-7", "kube-node-lease");
        Assert.Equal((40, "sim-7"), (lease.Spec.LeaseDurationSeconds, lease.Spec.HolderIdentity));
        Assert.Equal(world.Get<V1Node>("sim-7", "").Metadata.Uid, Assert.Single(lease.Metadata.OwnerReferences).Uid);
    }

    [Fact]
    public async Task A_node_that_fails_says_nothing_for_its_time_and_then_goes_on()
    {
        await using var world = new SimulatedNodesWorld(
            SimulatedNodesWorld.Quick with
            {
                Count = 1,
                NodeFailureRate = 1,
                NodeDownTime = DurationRange.Seconds(90, 90),
            }
        );
        world.RunUntil(() => world.NodeSimulator.Progress.Silent == 1, 60);
        world.Requests.Clear();
        world.Run(85);
        Assert.Empty(world.Requests);
        world.RunUntil(() => world.NodeSimulator.Progress.Silent == 0, 10);
        world.Run(0.5);
        Assert.Contains(world.Requests, r => r.What == "PATCH /api/v1/nodes/sim-1/status");
        Assert.Contains(world.Requests, r => r.What == "PATCH /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/sim-1");
    }

    [Fact]
    public void The_same_seed_fails_the_same_nodes_at_the_same_times()
    {
        List<string> Failures(ulong seed)
        {
            var settings = SimulatedNodesWorld.Quick with { NodeFailureRate = 0.1, Seed = seed };
            var start = DateTimeOffset.UnixEpoch;
            return
            [
                .. Enumerable
                    .Range(0, 20)
                    .Select(index =>
                    {
                        var node = new SimulatedNodeState(settings, index, new(seed), start);
                        node.Advance(start.AddHours(1));
                        return $"{node.Name} {node.IsSilent} {node.TurnsAt:O}";
                    }),
            ];
        }
        Assert.Equal(Failures(3), Failures(3));
        Assert.NotEqual(Failures(3), Failures(4));
    }

    [Fact]
    public async Task A_node_that_somebody_deletes_has_left_the_fleet()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Do(async stop => await world.User.DeleteAsync<V1Node>(new ObjectKey("", "sim-2"), new(), stop));
        world.Run(600);
        Assert.Null(world.Find<V1Node>("sim-2", ""));
        Assert.Equal(2, world.NodeSimulator.Progress.Nodes);
    }

    [Fact]
    public async Task A_node_that_is_taken_for_lost_says_that_it_is_not()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Do(async stop =>
            await world.User.PatchAsync<V1Node>(
                new("", "sim-2"),
                (JsonObject)JsonNode.Parse("""{"status":{"conditions":[{"type":"Ready","status":"Unknown"}]}}""")!,
                stop,
                "status"
            )
        );
        world.Run(1);
        Assert.Equal("True", Assert.Single(world.Get<V1Node>("sim-2", "").Status.Conditions, c => c.Type == "Ready").Status);
    }

    [Fact]
    public async Task A_name_that_another_node_has_ends_the_fleet()
    {
        await using var world = new SimulatedNodesWorld();
        world.Do(async stop => await world.User.CreateAsync(new V1Node { Metadata = new() { Name = "sim-2" } }, stop));
        Exception? end = null;
        using var simulated = new NodeSimulator(
            SimulatedNodesWorld.Quick,
            world.User,
            TimeProvider.System,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance
        );
        world.Do(async stop => end = await Record.ExceptionAsync(() => simulated.RunAsync(stop)));
        Assert.Equal(
            "There is a node 'sim-2' that is not simulated: choose another prefix.",
            Assert.IsType<InvalidOperationException>(end).Message
        );
    }

    [Fact]
    public async Task The_nodes_can_be_taken_out_again_and_no_others()
    {
        await using var world = new SimulatedNodesWorld(SimulatedNodesWorld.Quick);
        world.Do(async stop => await world.User.CreateAsync(new V1Node { Metadata = new() { Name = "real" } }, stop));
        world.Kill();
        world.Do(async stop => await world.NodeSimulator.RemoveNodesAsync(stop));
        List<string> left = [];
        world.Do(async stop => left = [.. (await world.User.ListAsync<V1Node>("", stop)).Items.Select(n => n.Metadata.Name)]);
        Assert.Equal(["real"], left);
    }

    [Theory]
    [InlineData(110, 24, 32768)]
    [InlineData(253, 24, 32768)]
    [InlineData(254, 23, 16384)]
    [InlineData(5000, 19, 1024)]
    public void Ranges_of_pod_addresses_are_as_wide_as_the_nodes_pods_need(int pods, int prefix, int nodes)
    {
        Assert.Equal((prefix, nodes), (SimulatedAddressPlan.PrefixFor(pods), SimulatedAddressPlan.NodesFor(pods)));
        var last = SimulatedAddressPlan.PodsOf(nodes - 1, prefix);
        Assert.True(IPNetwork.Parse("10.128.0.0/9").Contains(last.BaseAddress));
    }
}
