using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.StatefulSets;
using Petrel.Faults.Links;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Simulation.Network;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.StatefulSets;

/// <summary>
/// StatefulSets whose controller has a faulty network: requests and answers get lost, watches are cut, and the controller restarts.
/// </summary>
public sealed class StatefulSetFaultTests
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
    public async Task Pods_start_in_order_when_messages_are_lost(ulong seed)
    {
        await using var world = new World(seed);
        world.Create(4, StatefulSetObjects.WithClaims);
        world.Cluster.Network.SetConditions(Bad);
        world.Settle(60, () =>
        {
            var pods = world.Player.Pods;
            Assert.True(
                pods.SkipLast(1).All(FakeKubelets.IsReady)
                    && pods.Select(p => p.Metadata.Name).SequenceEqual(Enumerable.Range(0, pods.Count).Select(i => $"web-{i}")),
                $"out of order: {string.Join(' ', pods.Select(p => $"{p.Metadata.Name}:{FakeKubelets.IsReady(p)}"))}"
            );
        });
        world.AssertConverged(4, "web:1");
        Assert.Equal(["web-0", "web-1", "web-2", "web-3"], world.Player.Started);
        Assert.Equal(4, world.Cluster.List<V1PersistentVolumeClaim>().Count);
    }

    [Theory]
    [MemberData(nameof(Seeds), 6)]
    public async Task An_update_stays_within_its_bound_when_messages_are_lost(ulong seed)
    {
        await using var world = new World(seed);
        world.Create(5, s =>
        {
            s.Spec.PodManagementPolicy = seed % 2 == 0 ? "Parallel" : "OrderedReady";
            s.Spec.UpdateStrategy.RollingUpdate = new() { MaxUnavailable = 2 };
        });
        world.Player.Settle(20);
        world.Cluster.Network.SetConditions(Bad);
        world.SetImage("web:2");
        world.Settle(80, () =>
        {
            var ready = world.Player.Pods.Count(p => FakeKubelets.IsReady(p) && p.Metadata.DeletionTimestamp is null);
            Assert.True(ready >= 3, $"only {ready} of 5 are ready");
        });
        world.AssertConverged(5, "web:2");
    }

    [Theory]
    [MemberData(nameof(Seeds), 16)]
    public async Task No_identity_runs_twice_and_the_set_converges_under_random_changes_faults_and_restarts(ulong seed)
    {
        await using var world = new World(seed);
        var entropy = new SeededEntropy(seed * 7919);
        var (replicas, image) = (3, "web:1");
        world.Create(replicas, s =>
        {
            StatefulSetObjects.WithClaims(s);
            s.Spec.PodManagementPolicy = entropy.Next(2) == 0 ? "Parallel" : "OrderedReady";
            s.Spec.UpdateStrategy.RollingUpdate = new() { MaxUnavailable = 1 + entropy.Next(3) };
            s.Spec.RevisionHistoryLimit = 2;
        });
        world.Cluster.Network.SetConditions(Bad);
        for (var step = 0; step < 40; step++)
        {
            switch (entropy.Next(9))
            {
                case 0:
                    replicas = entropy.Next(6);
                    world.Change(s => s.Spec.Replicas = replicas);
                    break;
                case 1:
                    image = $"web:{1 + entropy.Next(4)}";
                    world.SetImage(image);
                    break;
                case 2:
                    world.WithSome(entropy, pod => world.Delete(pod.Metadata.Name));
                    break;
                case 3:
                    world.WithSome(entropy, pod => world.Player.Finish(pod.Metadata.Name));
                    break;
                case 4:
                    world.WithSome(entropy, pod => world.Cluster.SetReady(pod.Metadata.Name, false));
                    break;
                case 5:
                    world.Cluster.RestartControllers();
                    break;
                case 6:
                    var slow = entropy.Next(2) == 0;
                    world.Player.Ends = _ => !slow;
                    break;
                default:
                    break;
            }
            world.Settle(1 + entropy.Next(4), world.AssertOwned);
        }
        world.Player.Ends = _ => true;
        world.Cluster.Network.HealAll();
        world.Settle(120, world.AssertOwned);
        world.AssertConverged(replicas, image);
        Assert.InRange(world.Cluster.List<V1ControllerRevision>().Count, 1, 3);
    }

    public static TheoryData<ulong> Seeds(int count) => [.. Enumerable.Range(1, count).Select(i => (ulong)i)];

    private sealed class World : IAsyncDisposable
    {
        public World(ulong seed)
        {
            Cluster = new(new(), context => [new StatefulSetController(context)], seed, overNetwork: true);
            Player = new(Cluster);
        }

        public TestCluster Cluster { get; }

        public FakeKubelets Player { get; }

        public void Create(int replicas, Action<V1StatefulSet>? change = null) => Cluster.Create(StatefulSetObjects.Set(replicas, s =>
                {
                    s.Metadata.Uid = null;
                    s.Spec.Template = StatefulSetObjects.Template("web:1");
                    change?.Invoke(s);
                }));

        public void Change(Action<V1StatefulSet> change) =>
            Cluster.Do(
                async (user, stop) =>
                {
                    // The controller writes the status concurrently.
                    for (var written = false; !written; )
                    {
                        var set = await user.GetAsync<V1StatefulSet>(new ObjectKey("default", "web"), stop);
                        change(set);
                        try
                        {
                            await user.UpdateAsync(set, stop);
                            written = true;
                        }
                        catch (ApiException e) when (e.IsConflict) { }
                    }
                }
            );

        public void SetImage(string image) => Change(s => s.Spec.Template.Spec.Containers[0].Image = image);

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

        public void AssertOwned()
        {
            var set = Cluster.Find<V1StatefulSet>("web")!;
            Assert.All(Player.Pods, p =>
            {
                Assert.Equal(set.Metadata.Uid, Assert.Single(p.Metadata.OwnerReferences).Uid);
                Assert.Equal($"data-{p.Metadata.Name}", p.Spec.Volumes.First(v => v.Name == "data").PersistentVolumeClaim.ClaimName);
            });
        }

        public void AssertConverged(int replicas, string image)
        {
            Cluster.Network.HealAll();
            Player.Settle(60);
            var pods = Player.Pods;
            Assert.Equal(Enumerable.Range(0, replicas).Select(i => $"web-{i}"), pods.Select(p => p.Metadata.Name));
            Assert.All(pods, p => Assert.True(FakeKubelets.IsReady(p)));
            Assert.All(pods, p => Assert.Equal(image, p.Spec.Containers[0].Image));
            var status = Cluster.Find<V1StatefulSet>("web")!.Status;
            Assert.Equal((replicas, replicas, replicas), (status.Replicas, status.ReadyReplicas ?? 0, status.UpdatedReplicas ?? 0));
            Assert.Equal(status.UpdateRevision, status.CurrentRevision);
        }

        public ValueTask DisposeAsync() => Cluster.DisposeAsync();
    }
}
