using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.GarbageCollection;
using Petrel.Controllers.Revisions;
using Petrel.Controllers.StatefulSets;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.StatefulSets;

/// <summary>StatefulSets on the real API, with fake scheduler and kubelets.</summary>
public sealed class StatefulSetControllerTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(context => [new StatefulSetController(context), new GarbageCollector(context)]);
    private readonly FakeKubelets _player;

    public StatefulSetControllerTests() => _player = new(_cluster);

    [Fact]
    public void Pods_start_in_order_with_their_claims_and_the_status_counts_them()
    {
        Create(3, StatefulSetObjects.WithClaims);
        _player.Settle();
        Assert.Equal(["web-0", "web-1", "web-2"], _player.Started);
        Assert.Equal(["data-web-0", "data-web-1", "data-web-2"], Claims());
        var status = Set().Status;
        Assert.Equal(
            (3, 3, 3, 3, 3),
            (status.Replicas, status.ReadyReplicas, status.AvailableReplicas, status.CurrentReplicas, status.UpdatedReplicas)
        );
        Assert.Equal(status.UpdateRevision, status.CurrentRevision);
        Assert.Equal(Set().Metadata.Generation, status.ObservedGeneration);
        Assert.Equal(status.UpdateRevision, Assert.Single(Revisions()).Metadata.Name);
        Assert.All(_player.Pods, p => Assert.Equal(status.UpdateRevision, p.Metadata.Labels["controller-revision-hash"]));
        var events = Events();
        Assert.Contains(("SuccessfulCreate", "create Pod web-0 in StatefulSet web successful"), events);
        Assert.Contains(("SuccessfulCreate", "create Claim data-web-0 Pod web-0 in StatefulSet web success"), events);
    }

    [Fact]
    public void The_second_pod_waits_for_the_first_to_be_ready()
    {
        _player.BecomesReady = p => p.Metadata.Name != "web-0";
        Create(2);
        _player.Settle(6);
        Assert.Equal(["web-0"], Names());
        _player.BecomesReady = _ => true;
        _player.Settle(6);
        Assert.Equal(["web-0", "web-1"], Names());
    }

    [Fact]
    public void Parallel_pods_start_together()
    {
        _player.BecomesReady = _ => false;
        Create(4, s => s.Spec.PodManagementPolicy = "Parallel");
        _player.Settle(3);
        Assert.Equal(4, Names().Count);
    }

    [Fact]
    public void Scaling_down_ends_the_last_first_and_waits_for_its_end()
    {
        Create(3, StatefulSetObjects.WithClaims);
        _player.Settle();
        _player.Ends = _ => false;
        Change(s => s.Spec.Replicas = 1);
        _player.Settle(4);
        Assert.Equal(["web-2"], _player.Pods.Where(p => p.Metadata.DeletionTimestamp is not null).Select(p => p.Metadata.Name));
        _player.Ends = _ => true;
        _player.Settle();
        Assert.Equal(["web-0"], Names());
        Assert.Equal(["data-web-0", "data-web-1", "data-web-2"], Claims());
        Assert.Contains(("SuccessfulDelete", "delete Pod web-2 in StatefulSet web successful"), Events());
    }

    [Fact]
    public void A_pod_comes_back_under_its_name_only_when_the_old_one_has_ended()
    {
        Create(2);
        _player.Settle();
        var uid = Pod("web-1").Metadata.Uid;
        _player.Ends = _ => false;
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "web-1"), new(), stop));
        _player.Settle(10);
        Assert.Equal(uid, Pod("web-1").Metadata.Uid);
        _player.Ends = _ => true;
        _player.Settle();
        Assert.NotEqual(uid, Pod("web-1").Metadata.Uid);
    }

    [Theory]
    [InlineData("Failed")]
    [InlineData("Succeeded")]
    public void A_finished_pod_is_created_again(string phase)
    {
        Create(2);
        _player.Settle();
        var uid = Pod("web-0").Metadata.Uid;
        _player.Finish("web-0", phase);
        _player.Settle();
        Assert.NotEqual(uid, Pod("web-0").Metadata.Uid);
        Assert.True(FakeKubelets.IsReady(Pod("web-0")));
    }

    [Fact]
    public void A_rolling_update_goes_from_the_last_to_the_first_and_then_counts_as_complete()
    {
        Create(3);
        _player.Settle();
        var before = Set().Status.CurrentRevision;
        _player.Started.Clear();
        SetImage("web:2");
        _player.Settle(30, afterStep: () => Assert.True(_player.Pods.Count(FakeKubelets.IsReady) >= 2));
        Assert.Equal(["web-2", "web-1", "web-0"], _player.Started);
        var status = Set().Status;
        Assert.NotEqual(before, status.CurrentRevision);
        Assert.Equal((status.UpdateRevision, 3, 3), (status.CurrentRevision, status.UpdatedReplicas, status.CurrentReplicas));
        Assert.All(_player.Pods, p => Assert.Equal("web:2", p.Spec.Containers[0].Image));
        Assert.Equal([1L, 2L], Revisions().Select(r => r.Revision!.Value));
    }

    [Fact]
    public void A_partition_keeps_the_old_template_for_recreated_pods_too()
    {
        Create(3, s => s.Spec.UpdateStrategy = new()
            {
                Type = "RollingUpdate",
                RollingUpdate = new() { Partition = 2 },
            });
        _player.Settle();
        SetImage("web:2");
        _player.Settle();
        Assert.Equal(["web:1", "web:1", "web:2"], Images());
        Assert.Equal((2, 1), (Set().Status.CurrentReplicas!.Value, Set().Status.UpdatedReplicas!.Value));
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "web-0"), new(), stop));
        _player.Settle();
        Assert.Equal(["web:1", "web:1", "web:2"], Images());
        Change(s => s.Spec.UpdateStrategy.RollingUpdate.Partition = 0);
        _player.Settle(30);
        Assert.Equal(["web:2", "web:2", "web:2"], Images());
    }

    [Fact]
    public void An_update_replaces_up_to_max_unavailable_pods_at_once()
    {
        Create(5, s =>
        {
            s.Spec.PodManagementPolicy = "Parallel";
            s.Spec.UpdateStrategy = new()
            {
                Type = "RollingUpdate",
                RollingUpdate = new() { MaxUnavailable = 2 },
            };
        });
        _player.Settle(10);
        SetImage("web:2");
        var fewest = 5;
        _player.Settle(20, afterStep: () =>
            fewest = Math.Min(fewest, _player.Pods.Count(p => FakeKubelets.IsReady(p) && p.Metadata.DeletionTimestamp is null))
        );
        Assert.Equal(3, fewest);
        Assert.Equal(Enumerable.Repeat("web:2", 5), Images());
    }

    [Fact]
    public void A_broken_update_stops_at_one_pod_and_its_rollback_needs_the_pod_deleted()
    {
        Create(3);
        _player.Settle();
        _player.BecomesReady = p => p.Spec.Containers[0].Image != "web:broken";
        SetImage("web:broken");
        _player.Settle();
        Assert.Equal(["web:1", "web:1", "web:broken"], Images());
        // As upstream: with OrderedReady, the controller waits for a pod that will never be ready.
        SetImage("web:1");
        _player.Settle();
        Assert.Equal(["web:1", "web:1", "web:broken"], Images());
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "web-2"), new(), stop));
        _player.Settle();
        Assert.Equal(["web:1", "web:1", "web:1"], Images());
    }

    [Fact]
    public void A_broken_update_of_parallel_pods_is_repaired_by_the_next_template()
    {
        _player.BecomesReady = p => p.Spec.Containers[0].Image != "web:1";
        Create(3, s => s.Spec.PodManagementPolicy = "Parallel");
        _player.Settle(6);
        SetImage("web:2");
        _player.Settle(10);
        Assert.Equal(["web:2", "web:2", "web:2"], Images());
    }

    [Fact]
    public void On_delete_updates_a_pod_when_someone_deletes_it()
    {
        Create(2, s => s.Spec.UpdateStrategy = new() { Type = "OnDelete" });
        _player.Settle();
        SetImage("web:2");
        _player.Settle();
        Assert.Equal(["web:1", "web:1"], Images());
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "web-0"), new(), stop));
        _player.Settle();
        Assert.Equal(["web:2", "web:1"], Images());
    }

    [Fact]
    public void A_rollback_reuses_the_old_revision_with_a_new_number()
    {
        Create(1);
        _player.Settle(8);
        var first = Assert.Single(Revisions()).Metadata.Name;
        SetImage("web:2");
        _player.Settle(8);
        SetImage("web:1");
        _player.Settle(8);
        Assert.Equal(2, Revisions().Count);
        Assert.Equal(3, Revisions().Single(r => r.Metadata.Name == first).Revision);
        Assert.Equal(first, Set().Status.CurrentRevision);
        Assert.Equal(["web:1"], Images());
    }

    [Fact]
    public void The_history_limit_is_kept()
    {
        Create(1, s => s.Spec.RevisionHistoryLimit = 2);
        for (var version = 2; version <= 6; version++)
        {
            _player.Settle(8);
            SetImage($"web:{version}");
        }
        _player.Settle(8);
        Assert.Equal([4L, 5L, 6L], Revisions().Select(r => r.Revision!.Value));
    }

    [Fact]
    public void A_name_that_is_taken_counts_as_a_collision()
    {
        var template = StatefulSetObjects.Template("web:1");
        var set = StatefulSetObjects.Set(1, s => (s.Metadata.Uid, s.Spec.Template) = (null, template));
        var stored = _cluster.Create(set);
        _player.Settle(6);
        var name = Assert.Single(Revisions()).Metadata.Name;
        // Another owner's revision, of another template, has the next name.
        SetImage("web:2");
        _player.Settle(8);
        var taken = Revisions()[1];
        SetImage("web:1");
        _player.Settle(8);
        _cluster.Do(
            async (user, stop) => await user.DeleteAsync<V1ControllerRevision>(new ObjectKey("default", taken.Metadata.Name), new(), stop)
        );
        _cluster.Create(
            new V1ControllerRevision
            {
                Metadata = new()
                {
                    Name = taken.Metadata.Name,
                    NamespaceProperty = "default",
                    OwnerReferences =
                    [
                        new()
                        {
                            ApiVersion = "apps/v1",
                            Kind = "StatefulSet",
                            Name = stored.Metadata.Name,
                            Uid = stored.Metadata.Uid,
                            Controller = true,
                        },
                    ],
                    Labels = new Dictionary<string, string> { ["app"] = "web" },
                },
                Data = Petrel.Controllers.Revisions.RevisionData.Of(StatefulSetObjects.Template("other:1")).ToData(),
                Revision = 1,
            }
        );
        SetImage("web:2");
        _player.Settle(8);
        Assert.Equal(1, Set().Status.CollisionCount);
        Assert.NotEqual(name, Set().Status.UpdateRevision);
        Assert.NotEqual(taken.Metadata.Name, Set().Status.UpdateRevision);
        Assert.Equal(["web:2"], Images());
    }

    [Fact]
    public void Orphans_with_the_sets_names_and_labels_are_adopted_and_repaired()
    {
        _cluster.Create(
            new V1Pod
            {
                Metadata = new()
                {
                    Name = "web-0",
                    NamespaceProperty = "default",
                    Labels = new Dictionary<string, string> { ["app"] = "web" },
                },
                Spec = new() { Containers = [new() { Name = "web", Image = "web:1" }] },
            }
        );
        _cluster.Create(
            new V1Pod
            {
                Metadata = new()
                {
                    Name = "other",
                    NamespaceProperty = "default",
                    Labels = new Dictionary<string, string> { ["app"] = "web" },
                },
                Spec = new() { Containers = [new() { Name = "web", Image = "web:1" }] },
            }
        );
        Create(2, s => s.Spec.UpdateStrategy = new() { Type = "OnDelete" });
        _player.Settle();
        var adopted = Pod("web-0");
        Assert.Equal(Set().Metadata.Uid, Assert.Single(adopted.Metadata.OwnerReferences).Uid);
        Assert.Equal("web-0", adopted.Metadata.Labels["statefulset.kubernetes.io/pod-name"]);
        Assert.Null(Pod("other").Metadata.OwnerReferences);
        Assert.Equal(["other", "web-0", "web-1"], Names());
    }

    [Fact]
    public void A_recreated_set_adopts_its_orphaned_pods_and_revisions()
    {
        Create(2);
        _player.Settle();
        var (pods, revision, number) = (
            _player.Pods.Select(p => p.Metadata.Uid).ToList(),
            Assert.Single(Revisions()).Metadata.Uid,
            _player.Started.Count
        );
        _cluster.Do(
            async (user, stop) =>
                await user.DeleteAsync<V1StatefulSet>(new ObjectKey("default", "web"), new() { PropagationPolicy = "Orphan" }, stop)
        );
        _player.Settle(8);
        Assert.Null(_cluster.Find<V1StatefulSet>("web"));
        Assert.All(_player.Pods, p => Assert.Null(p.Metadata.OwnerReferences));
        Create(2);
        _player.Settle(8);
        Assert.Equal(pods, _player.Pods.Select(p => p.Metadata.Uid));
        Assert.All(_player.Pods, p => Assert.Equal(Set().Metadata.Uid, Assert.Single(p.Metadata.OwnerReferences).Uid));
        Assert.Equal(revision, Assert.Single(Revisions()).Metadata.Uid);
        Assert.Equal(number, _player.Started.Count);
    }

    [Fact]
    public void A_name_that_someone_else_has_is_waited_for()
    {
        _cluster.Create(
            new V1Pod
            {
                Metadata = new()
                {
                    Name = "web-1",
                    NamespaceProperty = "default",
                    Labels = new Dictionary<string, string> { ["app"] = "other" },
                },
                Spec = new() { Containers = [new() { Name = "web", Image = "web:1" }] },
            }
        );
        Create(3);
        _player.Settle(10);
        Assert.Equal(["web-0", "web-1"], Names());
        Assert.Null(Pod("web-1").Metadata.OwnerReferences);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "web-1"), new(), stop));
        _player.Settle(10);
        Assert.Equal(["web-0", "web-1", "web-2"], Names());
        Assert.Equal(Set().Metadata.Uid, Assert.Single(Pod("web-1").Metadata.OwnerReferences).Uid);
    }

    [Fact]
    public void A_failed_create_is_reported_and_tried_again()
    {
        _cluster.Create(
            new V1ResourceQuota
            {
                Metadata = new() { Name = "none", NamespaceProperty = "default" },
                Spec = new() { Hard = new Dictionary<string, ResourceQuantity> { ["persistentvolumeclaims"] = new("0") } },
            }
        );
        _cluster.Change<V1ResourceQuota>(
            "none",
            q =>
                q.Status = new()
                {
                    Hard = q.Spec.Hard,
                    Used = new Dictionary<string, ResourceQuantity> { ["persistentvolumeclaims"] = new("0") },
                },
            status: true
        );
        Create(1, StatefulSetObjects.WithClaims);
        _player.Settle(4);
        Assert.Empty(_player.Pods);
        Assert.Contains(Events(), e =>
            e.Item1 == "FailedCreate"
            && e.Item2.StartsWith(
                "create Pod web-0 in StatefulSet web failed error: failed to create PVC data-web-0: ",
                StringComparison.Ordinal
            )
        );
        Assert.Contains(Events(), e =>
            e.Item1 == "FailedCreate"
            && e.Item2.StartsWith("create Claim data-web-0 for Pod web-0 in StatefulSet web failed error: ", StringComparison.Ordinal)
        );
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1ResourceQuota>(new ObjectKey("default", "none"), new(), stop));
        _player.Settle(40);
        Assert.Equal(["web-0"], Names());
    }

    [Fact]
    public void A_pod_that_no_longer_matches_is_released_and_keeps_its_name()
    {
        Create(1);
        _player.Settle(6);
        _cluster.Change<V1Pod>("web-0", p => p.Metadata.Labels["app"] = "debug");
        _player.Settle(6);
        Assert.Null(Pod("web-0").Metadata.OwnerReferences);
        Assert.Equal("debug", Pod("web-0").Metadata.Labels["app"]);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "web-0"), new(), stop));
        _player.Settle(10);
        Assert.Equal("web", Pod("web-0").Metadata.Labels["app"]);
    }

    [Fact]
    public void Claims_of_surplus_pods_are_deleted_if_the_policy_says_so()
    {
        Create(3, s =>
        {
            StatefulSetObjects.WithClaims(s);
            s.Spec.PersistentVolumeClaimRetentionPolicy = new() { WhenDeleted = "Retain", WhenScaled = "Delete" };
        });
        _player.Settle();
        Change(s => s.Spec.Replicas = 1);
        _player.Settle(30);
        Assert.Equal(["data-web-0"], Claims());
        Change(s => s.Spec.Replicas = 2);
        _player.Settle();
        Assert.Equal(["data-web-0", "data-web-1"], Claims());
        Assert.All(_cluster.List<V1PersistentVolumeClaim>(), c => Assert.Null(c.Metadata.OwnerReferences));
    }

    [Fact]
    public void Claims_are_deleted_with_the_set_if_the_policy_says_so()
    {
        Create(2, s =>
        {
            StatefulSetObjects.WithClaims(s);
            s.Spec.PersistentVolumeClaimRetentionPolicy = new() { WhenDeleted = "Delete", WhenScaled = "Retain" };
        });
        _player.Settle();
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1StatefulSet>(new ObjectKey("default", "web"), new(), stop));
        _player.Settle(30);
        Assert.Empty(Claims());
        Assert.Empty(_player.Pods);
        Assert.Empty(Revisions());
    }

    [Fact]
    public void A_change_of_the_policy_applies_to_existing_claims()
    {
        Create(2, StatefulSetObjects.WithClaims);
        _player.Settle();
        Change(s => s.Spec.PersistentVolumeClaimRetentionPolicy = new() { WhenDeleted = "Delete", WhenScaled = "Retain" });
        _player.Settle(6);
        Assert.All(_cluster.List<V1PersistentVolumeClaim>(), c =>
            Assert.Equal("StatefulSet", Assert.Single(c.Metadata.OwnerReferences).Kind)
        );
        Change(s => s.Spec.PersistentVolumeClaimRetentionPolicy = new() { WhenDeleted = "Retain", WhenScaled = "Retain" });
        _player.Settle(6);
        Assert.All(_cluster.List<V1PersistentVolumeClaim>(), c => Assert.Null(c.Metadata.OwnerReferences));
    }

    [Fact]
    public void Min_ready_seconds_slow_the_start_down()
    {
        Create(2, s => s.Spec.MinReadySeconds = 20);
        _player.Settle(10);
        Assert.Equal(["web-0"], Names());
        Assert.Equal((1, 0), (Set().Status.ReadyReplicas!.Value, Set().Status.AvailableReplicas ?? 0));
        _player.Settle(40);
        Assert.Equal(["web-0", "web-1"], Names());
    }

    [Fact]
    public void A_start_ordinal_moves_the_set_without_losing_more_than_one_pod()
    {
        Create(2);
        _player.Settle();
        Change(s => s.Spec.Ordinals = new() { Start = 1 });
        _player.Settle(20);
        Assert.Equal(["web-1", "web-2"], Names());
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private void Create(int replicas, Action<V1StatefulSet>? change = null) => _cluster.Create(StatefulSetObjects.Set(replicas, s =>
            {
                s.Metadata.Uid = null;
                s.Spec.Template = StatefulSetObjects.Template("web:1");
                change?.Invoke(s);
            }));

    private void Change(Action<V1StatefulSet> change) => _cluster.Change("web", change);

    private void SetImage(string image) => Change(s => s.Spec.Template.Spec.Containers[0].Image = image);

    private V1StatefulSet Set() => _cluster.Find<V1StatefulSet>("web")!;

    private V1Pod Pod(string name) => _cluster.Find<V1Pod>(name)!;

    private List<string> Names() => [.. _player.Pods.Select(p => p.Metadata.Name)];

    private List<string> Images() => [.. _player.Pods.Select(p => p.Spec.Containers[0].Image)];

    private List<string> Claims() => [.. _cluster.List<V1PersistentVolumeClaim>().Select(c => c.Metadata.Name)];

    private List<V1ControllerRevision> Revisions() => [.. _cluster.List<V1ControllerRevision>().OrderBy(r => r.Revision)];

    private List<(string, string)> Events() =>
        [.. _cluster.List<Corev1Event>().Where(e => e.InvolvedObject.Kind == "StatefulSet").Select(e => (e.Reason, e.Message))];
}
