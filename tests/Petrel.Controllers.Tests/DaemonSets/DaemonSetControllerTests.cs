using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.DaemonSets;
using Petrel.Controllers.GarbageCollection;
using Petrel.Controllers.Revisions;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.DaemonSets;

/// <summary>DaemonSets on the real API, with fake scheduler and kubelets.</summary>
public sealed class DaemonSetControllerTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(context => [new DaemonSetController(context), new GarbageCollector(context)]);
    private readonly FakeKubelets _player;

    public DaemonSetControllerTests()
    {
        _player = new(_cluster);
        AddNode("n0");
        AddNode("n1");
        AddNode("n2");
    }

    [Fact]
    public void Every_node_gets_a_pod_and_the_status_counts_them()
    {
        Create();
        _player.Settle(8);
        Assert.Equal(["n0", "n1", "n2"], Nodes());
        var status = Set().Status;
        Assert.Equal(
            (3, 3, 0, 3),
            (status.DesiredNumberScheduled, status.CurrentNumberScheduled, status.NumberMisscheduled, status.NumberReady)
        );
        Assert.Equal((3, 3, null), (status.UpdatedNumberScheduled, status.NumberAvailable, status.NumberUnavailable));
        Assert.Equal(Set().Metadata.Generation, status.ObservedGeneration);
        var revision = Assert.Single(Revisions());
        Assert.All(_player.Pods, p =>
            Assert.Equal(revision.Metadata.Labels["controller-revision-hash"], p.Metadata.Labels["controller-revision-hash"])
        );
        Assert.Equal($"agent-{revision.Metadata.Labels["controller-revision-hash"]}", revision.Metadata.Name);
        Assert.Contains(_cluster.List<Corev1Event>(), e =>
            e is { Reason: "SuccessfulCreate", InvolvedObject.Kind: "DaemonSet" }
            && e.Message.StartsWith("Created pod: agent-", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void New_nodes_get_a_pod_and_taints_decide_which_pods_stay()
    {
        Create();
        _player.Settle(8);
        AddNode("n3");
        _player.Settle(6);
        Assert.Equal(["n0", "n1", "n2", "n3"], Nodes());
        _cluster.Change<V1Node>("n1", n => n.Spec.Taints = [Taint("mine", "NoSchedule")], ns: "");
        _player.Settle(6);
        Assert.Equal(["n0", "n1", "n2", "n3"], Nodes());
        Assert.Equal((3, 1), (Set().Status.DesiredNumberScheduled, Set().Status.NumberMisscheduled));
        _cluster.Change<V1Node>("n1", n => n.Spec.Taints = [Taint("mine", "NoExecute")], ns: "");
        _player.Settle(6);
        Assert.Equal(["n0", "n2", "n3"], Nodes());
        _cluster.Change<V1Node>("n1", n => n.Spec.Taints = null, ns: "");
        _player.Settle(6);
        Assert.Equal(["n0", "n1", "n2", "n3"], Nodes());
    }

    [Fact]
    public void A_change_of_the_node_selector_moves_the_pods()
    {
        _cluster.Change<V1Node>("n1", n => n.Metadata.Labels = new Dictionary<string, string> { ["disk"] = "ssd" }, ns: "");
        Create(s => s.Spec.Template.Spec.NodeSelector = new Dictionary<string, string> { ["disk"] = "ssd" });
        _player.Settle(6);
        Assert.Equal(["n1"], Nodes());
        _cluster.Change<V1Node>("n2", n => n.Metadata.Labels = new Dictionary<string, string> { ["disk"] = "ssd" }, ns: "");
        _cluster.Change<V1Node>("n1", n => n.Metadata.Labels = null, ns: "");
        _player.Settle(8);
        Assert.Equal(["n2"], Nodes());
    }

    [Fact]
    public void A_rolling_update_leaves_all_but_one_node_served()
    {
        Create();
        _player.Settle(8);
        SetImage("agent:2");
        var fewest = 3;
        _player.Settle(20, afterStep: () => fewest = Math.Min(fewest, Ready()));
        Assert.Equal(2, fewest);
        Assert.Equal(["agent:2", "agent:2", "agent:2"], Images());
        Assert.Equal((3, 3), (Set().Status.UpdatedNumberScheduled, Set().Status.NumberAvailable));
        Assert.Equal([1L, 2L], Revisions().Select(r => r.Revision!.Value));
    }

    [Fact]
    public void A_rolling_update_with_surge_leaves_every_node_served()
    {
        Create(Rolling("0", "1"));
        _player.Settle(8);
        SetImage("agent:2");
        var (fewest, most) = (3, 3);
        _player.Settle(24, afterStep: () =>
            (fewest, most) = (Math.Min(fewest, Ready()), Math.Max(most, _player.Pods.Count(p => p.Metadata.DeletionTimestamp is null)))
        );
        Assert.Equal((3, 4), (fewest, most));
        Assert.Equal(["agent:2", "agent:2", "agent:2"], Images());
    }

    [Fact]
    public void A_broken_update_stops_at_one_node_and_a_rollback_repairs_it()
    {
        Create();
        _player.Settle(8);
        var first = Assert.Single(Revisions()).Metadata.Name;
        _player.BecomesReady = p => p.Spec.Containers[0].Image != "agent:broken";
        SetImage("agent:broken");
        _player.Settle(12);
        Assert.Equal(1, Images().Count(i => i == "agent:broken"));
        SetImage("agent:1");
        _player.Settle(12);
        Assert.Equal(["agent:1", "agent:1", "agent:1"], Images());
        Assert.Equal(3, Revisions().Single(r => r.Metadata.Name == first).Revision);
        Assert.Equal(2, Revisions().Count);
    }

    [Fact]
    public void On_delete_updates_a_node_when_someone_deletes_its_pod()
    {
        Create(s => s.Spec.UpdateStrategy = new() { Type = "OnDelete" });
        _player.Settle(8);
        SetImage("agent:2");
        _player.Settle(8);
        Assert.Equal(["agent:1", "agent:1", "agent:1"], Images());
        Delete(_player.Pods.First(p => p.Spec.NodeName == "n1"));
        _player.Settle(8);
        Assert.Equal(1, Images().Count(i => i == "agent:2"));
    }

    [Fact]
    public void A_pod_that_fails_repeatedly_is_kept_longer_each_time()
    {
        Create();
        _player.Settle(8);
        var deleted = 0;
        for (var step = 0; step < 60; step++)
        {
            var pod = _player.Pods.SingleOrDefault(p => p.Spec.NodeName == "n1");
            if (pod?.Status.Phase == "Running")
            {
                _player.Finish(pod.Metadata.Name);
                deleted++;
            }
            _player.Settle(1);
        }
        // In half a minute: at once, then after one, two, four, eight seconds and so on.
        Assert.InRange(deleted, 4, 7);
        Assert.Contains(_cluster.List<Corev1Event>(), e =>
            e.Reason == "FailedDaemonPod" && e.Message.Contains("on node n1, will try to kill it", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void An_orphan_on_a_node_is_adopted_and_a_surplus_one_is_deleted()
    {
        var template = DaemonSetObjects.Set().Spec.Template;
        _cluster.Create(
            new V1Pod
            {
                Metadata = new()
                {
                    Name = "orphan",
                    NamespaceProperty = "default",
                    Labels = template.Metadata.Labels,
                },
                Spec = new() { NodeName = "n1", Containers = [new() { Name = "agent", Image = "agent:1" }] },
            }
        );
        Create(s => s.Spec.UpdateStrategy = new() { Type = "OnDelete" });
        _player.Settle(8);
        Assert.Equal(Set().Metadata.Uid, Assert.Single(_cluster.Find<V1Pod>("orphan")!.Metadata.OwnerReferences).Uid);
        Assert.Equal(["n0", "n1", "n2"], Nodes());
    }

    [Fact]
    public void A_recreated_set_adopts_its_orphaned_pods_and_revisions()
    {
        Create();
        _player.Settle(8);
        var (pods, revision) = (_player.Pods.Select(p => p.Metadata.Uid).ToList(), Assert.Single(Revisions()).Metadata.Uid);
        _cluster.Do(
            async (user, stop) =>
                await user.DeleteAsync<V1DaemonSet>(new ObjectKey("default", "agent"), new() { PropagationPolicy = "Orphan" }, stop)
        );
        _player.Settle(8);
        Assert.All(_player.Pods, p => Assert.Null(p.Metadata.OwnerReferences));
        Create();
        _player.Settle(8);
        Assert.Equal(pods, _player.Pods.Select(p => p.Metadata.Uid));
        Assert.Equal(revision, Assert.Single(Revisions()).Metadata.Uid);
        Assert.Equal((3, 3), (Set().Status.UpdatedNumberScheduled, Set().Status.NumberAvailable));
    }

    [Fact]
    public void A_pod_that_no_longer_matches_is_released_and_replaced()
    {
        Create();
        _player.Settle(8);
        var pod = _player.Pods.First(p => p.Spec.NodeName == "n1");
        _cluster.Change<V1Pod>(pod.Metadata.Name, p => p.Metadata.Labels["app"] = "debug");
        _player.Settle(8);
        Assert.Null(_cluster.Find<V1Pod>(pod.Metadata.Name)!.Metadata.OwnerReferences);
        Assert.Equal(["n0", "n1", "n1", "n2"], Nodes());
    }

    [Fact]
    public void Pods_of_a_node_that_is_gone_before_they_were_bound_are_deleted()
    {
        Create();
        _cluster.Run(1);
        Assert.Equal(3, _player.Pods.Count);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Node>(new ObjectKey("", "n1"), new(), stop));
        _cluster.Run(2);
        Assert.Equal(2, _player.Pods.Count);
    }

    [Fact]
    public void Duplicate_revisions_are_merged_and_their_pods_relabelled()
    {
        Create();
        _player.Settle(8);
        var revision = Assert.Single(Revisions());
        var set = Set();
        _cluster.Create(
            new V1ControllerRevision
            {
                Metadata = new()
                {
                    Name = "agent-again",
                    NamespaceProperty = "default",
                    Labels = new Dictionary<string, string> { ["app"] = "agent" },
                    OwnerReferences =
                    [
                        new()
                        {
                            ApiVersion = "apps/v1",
                            Kind = "DaemonSet",
                            Name = "agent",
                            Uid = set.Metadata.Uid,
                            Controller = true,
                        },
                    ],
                },
                Data = RevisionData.Of(set.Spec.Template).ToData(),
                Revision = 5,
            }
        );
        _player.Settle(8);
        var left = Assert.Single(Revisions());
        Assert.Equal(("agent-again", "agent-again"), (left.Metadata.Name, left.Metadata.Labels["controller-revision-hash"]));
        Assert.NotEqual(revision.Metadata.Name, left.Metadata.Name);
        Assert.All(_player.Pods, p => Assert.Equal("agent-again", p.Metadata.Labels["controller-revision-hash"]));
        Assert.Equal(3, _player.Started.Count);
    }

    [Fact]
    public void The_history_limit_is_kept()
    {
        Create(s =>
        {
            s.Spec.RevisionHistoryLimit = 1;
            s.Spec.UpdateStrategy.RollingUpdate.MaxUnavailable = "100%";
        });
        for (var version = 2; version <= 5; version++)
        {
            _player.Settle(8);
            SetImage($"agent:{version}");
        }
        _player.Settle(8);
        Assert.Equal([4L, 5L], Revisions().Select(r => r.Revision!.Value));
    }

    [Fact]
    public void Deletion_deletes_pods_and_revisions()
    {
        Create();
        _player.Settle(8);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1DaemonSet>(new ObjectKey("default", "agent"), new(), stop));
        _player.Settle(20);
        Assert.Empty(_player.Pods);
        Assert.Empty(Revisions());
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private void AddNode(string name) => _cluster.Create(new V1Node { Metadata = new() { Name = name } });

    private void Create(Action<V1DaemonSet>? change = null) =>
        _cluster.Create(
            DaemonSetObjects.Set(s =>
            {
                s.Metadata.Uid = null;
                change?.Invoke(s);
            })
        );

    private void SetImage(string image) => _cluster.Change<V1DaemonSet>("agent", s => s.Spec.Template.Spec.Containers[0].Image = image);

    private void Delete(V1Pod pod) =>
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", pod.Metadata.Name), new(), stop));

    private V1DaemonSet Set() => _cluster.Find<V1DaemonSet>("agent")!;

    private int Ready() =>
        _player
            .Pods.Where(p => FakeKubelets.IsReady(p) && p.Metadata.DeletionTimestamp is null)
            .Select(p => p.Spec.NodeName)
            .Distinct()
            .Count();

    private List<string> Nodes() => [.. _player.Pods.Select(p => p.Spec.NodeName).Order(StringComparer.Ordinal)];

    private List<string> Images() => [.. _player.Pods.Select(p => p.Spec.Containers[0].Image)];

    private List<V1ControllerRevision> Revisions() => [.. _cluster.List<V1ControllerRevision>().OrderBy(r => r.Revision)];

    private static V1Taint Taint(string key, string effect) => DaemonSetObjects.Taint(key, effect);

    private static Action<V1DaemonSet> Rolling(string maxUnavailable, string maxSurge) =>
        DaemonSetObjects.Rolling(maxUnavailable, maxSurge);
}
