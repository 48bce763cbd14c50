using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.DaemonSets;
using Petrel.Faults.Links;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Simulation.Network;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.DaemonSets;

/// <summary>
/// DaemonSets whose controller has a faulty network: requests and answers get lost, watches are cut, and the controller restarts.
/// </summary>
public sealed class DaemonSetFaultTests
{
    private static readonly LinkConditions Bad = new()
    {
        MaxDelay = TimeSpan.FromMilliseconds(150),
        RequestLoss = 0.1,
        AnswerLoss = 0.15,
        StreamCut = 0.02,
        Timeout = TimeSpan.FromSeconds(2),
    };

    [Theory]
    [MemberData(nameof(Seeds), 6)]
    public async Task A_lost_answer_never_leads_to_a_second_pod_on_a_node(ulong seed)
    {
        await using var world = new World(seed, nodes: 6);
        world.Cluster.Network.SetConditions(Bad);
        world.Create();
        world.Settle(40, world.AssertOnePodANode);
        world.SetImage("agent:2");
        world.Settle(120, world.AssertOnePodANode);
        world.AssertConverged("agent:2");
    }

    [Theory]
    [MemberData(nameof(Seeds), 6)]
    public async Task An_update_stays_within_its_bounds_when_messages_are_lost(ulong seed)
    {
        await using var world = new World(seed, nodes: 6);
        var surges = seed % 2 == 0;
        world.Create(surges ? DaemonSetObjects.Rolling("0", "2") : DaemonSetObjects.Rolling("2"));
        world.Player.Settle(10);
        world.Cluster.Network.SetConditions(Bad);
        world.SetImage("agent:2");
        world.Settle(100, () =>
        {
            var pods = world.Player.Pods.Where(p => p.Metadata.DeletionTimestamp is null).ToList();
            var served = pods.Where(FakeKubelets.IsReady).Select(p => p.Spec.NodeName).Distinct().Count();
            Assert.True(served >= (surges ? 6 : 4), $"{served} nodes of 6 are served");
            Assert.True(pods.Count <= (surges ? 8 : 6), $"{pods.Count} pods on 6 nodes");
        });
        world.AssertConverged("agent:2");
    }

    [Theory]
    [MemberData(nameof(Seeds), 12)]
    public async Task Every_node_has_its_pod_after_random_changes_faults_and_restarts(ulong seed)
    {
        await using var world = new World(seed, nodes: 4);
        var entropy = new SeededEntropy(seed * 7919);
        var image = "agent:1";
        world.Create(entropy.Next(2) == 0 ? DaemonSetObjects.Rolling("0", "1") : DaemonSetObjects.Rolling("50%"));
        world.Cluster.Network.SetConditions(Bad);
        for (var step = 0; step < 40; step++)
        {
            switch (entropy.Next(8))
            {
                case 0:
                    image = $"agent:{1 + entropy.Next(4)}";
                    world.SetImage(image);
                    break;
                case 1:
                    world.WithSome(entropy, pod => world.Delete(pod.Metadata.Name));
                    break;
                case 2:
                    world.WithSome(entropy, pod => world.Player.Finish(pod.Metadata.Name));
                    break;
                case 3:
                    world.Taint(
                        $"n{entropy.Next(4)}",
                        entropy.Next(3) switch
                        {
                            0 => "NoExecute",
                            1 => "NoSchedule",
                            _ => null,
                        }
                    );
                    break;
                case 4:
                    world.Cluster.RestartControllers();
                    break;
                case 5:
                    var slow = entropy.Next(2) == 0;
                    world.Player.Ends = _ => !slow;
                    break;
                default:
                    break;
            }
            world.Settle(1 + entropy.Next(4), () => { });
        }
        world.Player.Ends = _ => true;
        for (var node = 0; node < 4; node++)
        {
            world.Taint($"n{node}", null);
        }
        world.Cluster.Network.HealAll();
        world.Settle(40, () => { });
        world.AssertConverged(image);
    }

    public static TheoryData<ulong> Seeds(int count) => [.. Enumerable.Range(1, count).Select(i => (ulong)i)];

    private sealed class World : IAsyncDisposable
    {
        private readonly int _nodes;

        public World(ulong seed, int nodes)
        {
            _nodes = nodes;
            Cluster = new(new(), context => [new DaemonSetController(context)], seed, overNetwork: true);
            Player = new(Cluster);
            for (var node = 0; node < nodes; node++)
            {
                Cluster.Create(new V1Node { Metadata = new() { Name = $"n{node}" } });
            }
        }

        public TestCluster Cluster { get; }

        public FakeKubelets Player { get; }

        public void Create(Action<V1DaemonSet>? change = null) =>
            Cluster.Create(
                DaemonSetObjects.Set(s =>
                {
                    s.Metadata.Uid = null;
                    change?.Invoke(s);
                })
            );

        public void SetImage(string image) =>
            Cluster.Do(
                async (user, stop) =>
                {
                    // The controller writes the status concurrently.
                    for (var written = false; !written; )
                    {
                        var set = await user.GetAsync<V1DaemonSet>(new ObjectKey("default", "agent"), stop);
                        set.Spec.Template.Spec.Containers[0].Image = image;
                        try
                        {
                            await user.UpdateAsync(set, stop);
                            written = true;
                        }
                        catch (ApiException e) when (e.IsConflict) { }
                    }
                }
            );

        public void Taint(string node, string? effect) =>
            Cluster.Change<V1Node>(node, n => n.Spec.Taints = effect is null ? null : [DaemonSetObjects.Taint("mine", effect)], ns: "");

        public void Delete(string pod) =>
            Cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", pod), new(), stop));

        public void WithSome(IEntropy entropy, Action<V1Pod> change)
        {
            var pods = Player.Pods.Where(p => p.Metadata.DeletionTimestamp is null).ToList();
            if (pods.Count > 0)
            {
                change(pods[entropy.Next(pods.Count)]);
            }
        }

        public void Settle(int steps, Action check) => Player.Settle(steps, 0.5, check);

        public void AssertOnePodANode()
        {
            foreach (var pods in Player.Pods.Where(p => p.Metadata.DeletionTimestamp is null).GroupBy(DaemonPod.TargetNode))
            {
                Assert.True(pods.Count() == 1, $"{pods.Key}: {string.Join(' ', pods.Select(p => p.Metadata.Name))}");
            }
        }

        public void AssertConverged(string image)
        {
            Cluster.Network.HealAll();
            Player.Settle(60);
            var pods = Player.Pods;
            Assert.Equal(Enumerable.Range(0, _nodes).Select(i => $"n{i}"), pods.Select(p => p.Spec.NodeName).Order(StringComparer.Ordinal));
            Assert.All(pods, p => Assert.True(FakeKubelets.IsReady(p)));
            Assert.All(pods, p => Assert.Equal(image, p.Spec.Containers[0].Image));
            var status = Cluster.Find<V1DaemonSet>("agent")!.Status;
            Assert.Equal((_nodes, _nodes, _nodes), (status.DesiredNumberScheduled, status.NumberReady, status.UpdatedNumberScheduled ?? 0));
            Assert.Equal(0, status.NumberMisscheduled);
        }

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
