using CsCheck;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.ReplicaSets;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Deployments;

/// <summary>Deployments and their ReplicaSets on the real API, with fake scheduler and kubelets.</summary>
public sealed class RolloutTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(context => [new DeploymentController(context), new ReplicaSetController(context)]);

    [Fact]
    public void A_deployment_gets_a_replica_set_with_a_hash_a_revision_and_its_pods()
    {
        Deploy(3);
        Settle();
        var set = Assert.Single(Sets());
        Assert.Equal("1", set.Metadata.Annotations["deployment.kubernetes.io/revision"]);
        var hash = set.Metadata.Labels["pod-template-hash"];
        Assert.Equal($"web-{hash}", set.Metadata.Name);
        Assert.Equal(hash, set.Spec.Selector.MatchLabels["pod-template-hash"]);
        Assert.All(Pods(), p => Assert.Equal(set.Metadata.Uid, Assert.Single(p.Metadata.OwnerReferences).Uid));
        var status = Deployment().Status;
        Assert.Equal((3, 3, 3, 3), (status.Replicas, status.UpdatedReplicas, status.ReadyReplicas, status.AvailableReplicas));
        Assert.Equal(("True", "MinimumReplicasAvailable"), Condition("Available"));
        Assert.Equal(("True", "NewReplicaSetAvailable"), Condition("Progressing"));
        Assert.Contains(_cluster.List<Corev1Event>(), e => e is { Reason: "ScalingReplicaSet", InvolvedObject.Kind: "Deployment" });
    }

    [Fact]
    public void A_rolling_update_stays_within_surge_and_unavailable_all_the_way()
    {
        foreach (
            var (surge, unavailable, maxTotal, minReady) in new[]
            {
                ("1", "0", 5, 4),
                ("0", "1", 4, 3),
                ("50%", "25%", 6, 3),
                ("0", "10%", 4, 3),
                ("100%", "100%", 8, 0),
            }
        )
        {
            using var scope = new Scope(this, $"web-{surge.TrimEnd('%')}-{unavailable.TrimEnd('%')}");
            Deploy(4, d => d.Spec.Strategy = new()
                {
                    Type = "RollingUpdate",
                    RollingUpdate = new() { MaxSurge = surge, MaxUnavailable = unavailable },
                });
            Settle();
            SetImage("web:2");
            for (var step = 0; step < 60 && !IsDone("web:2", 4); step++)
            {
                _cluster.Run(0.5);
                var pods = Pods().Where(p => p.Metadata.DeletionTimestamp is null).ToList();
                Assert.True(pods.Count <= maxTotal, $"{surge}/{unavailable}: {pods.Count} pods");
                Assert.True(pods.Count(IsReady) >= minReady, $"{surge}/{unavailable}: {pods.Count(IsReady)} ready");
                if (pods.FirstOrDefault(p => !IsReady(p)) is { } next)
                {
                    _cluster.SetReady(next.Metadata.Name);
                }
            }
            Assert.True(IsDone("web:2", 4), $"{surge}/{unavailable}: not done");
        }
    }

    [Fact]
    public void Undo_reuses_the_old_replica_set_with_the_next_revision()
    {
        Deploy(2);
        Settle();
        var first = Assert.Single(Sets()).Metadata.Name;
        SetImage("web:2");
        Settle();
        SetImage("web:1"); // What 'kubectl rollout undo' writes.
        Settle();
        Assert.Equal(2, Sets().Count);
        var back = Sets().Single(s => s.Metadata.Name == first);
        Assert.Equal(("3", 2), (back.Metadata.Annotations["deployment.kubernetes.io/revision"], back.Spec.Replicas!.Value));
        Assert.Equal("1", back.Metadata.Annotations["deployment.kubernetes.io/revision-history"]);
        Assert.Equal("3", Deployment().Metadata.Annotations["deployment.kubernetes.io/revision"]);
    }

    [Fact]
    public void A_rollout_may_be_overtaken_by_the_next_one_before_it_is_done()
    {
        Deploy(3);
        Settle();
        foreach (var image in (string[])["web:broken", "web:2", "web:3"])
        {
            SetImage(image);
            // Pods of the broken template never become ready; nothing else has the time to.
            _cluster.Run(1);
            Assert.True(Pods().Count(IsReady) >= 3, $"{image}: {Pods().Count(IsReady)} are ready");
        }
        Settle();
        Assert.True(IsDone("web:3", 3));
        Assert.Equal(4, Sets().Count);
        Assert.Equal(3, Sets().Sum(s => s.Spec.Replicas));
    }

    [Fact]
    public void A_paused_deployment_scales_but_does_not_roll_out()
    {
        Deploy(2);
        Settle();
        _cluster.Change<V1Deployment>(Name, d =>
        {
            d.Spec.Paused = true;
            d.Spec.Replicas = 3;
            d.Spec.Template.Spec.Containers[0].Image = "web:2";
        });
        Settle();
        Assert.All(Pods(), p => Assert.Equal("web:1", p.Spec.Containers[0].Image));
        Assert.Equal(3, Pods().Count);
        _cluster.Change<V1Deployment>(Name, d => d.Spec.Paused = false);
        Settle();
        Assert.True(IsDone("web:2", 3));
    }

    [Fact]
    public void Recreate_never_runs_both_versions()
    {
        Deploy(3, d => d.Spec.Strategy = new() { Type = "Recreate" });
        Settle();
        SetImage("web:2");
        for (var step = 0; step < 30 && !IsDone("web:2", 3); step++)
        {
            _cluster.Run(0.5);
            Assert.Single(Pods().Select(p => p.Spec.Containers[0].Image).Distinct().DefaultIfEmpty(""));
            Pods().Where(p => !IsReady(p)).ToList().ForEach(p => _cluster.SetReady(p.Metadata.Name));
        }
        Assert.True(IsDone("web:2", 3));
    }

    [Fact]
    public void A_rollout_that_exceeds_its_progress_deadline_reports_it()
    {
        Deploy(2, d => d.Spec.ProgressDeadlineSeconds = 30);
        Settle();
        SetImage("web:broken");
        _cluster.Run(25);
        Assert.Equal("True", Condition("Progressing").Status);
        _cluster.Run(15);
        Assert.Equal(("False", "ProgressDeadlineExceeded"), Condition("Progressing"));
    }

    [Fact]
    public void Old_replica_sets_beyond_the_history_limit_are_deleted()
    {
        Deploy(1, d => d.Spec.RevisionHistoryLimit = 2);
        for (var version = 2; version <= 6; version++)
        {
            Settle();
            SetImage($"web:{version}");
        }
        Settle();
        Assert.Equal(
            ["web:4", "web:5", "web:6"],
            Sets().Select(s => s.Spec.Template.Spec.Containers[0].Image).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void A_pod_that_is_deleted_is_replaced_and_an_orphan_with_the_labels_is_adopted()
    {
        Deploy(2);
        Settle();
        var gone = Pods()[0].Metadata.Name;
        _cluster.Do(
            async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", gone), new() { GracePeriodSeconds = 0 }, stop)
        );
        Settle();
        Assert.Equal(2, Pods().Count);
        Assert.DoesNotContain(Pods(), p => p.Metadata.Name == gone);
        var labels = Assert.Single(Sets()).Spec.Template.Metadata.Labels;
        _cluster.Create(
            new V1Pod
            {
                Metadata = new()
                {
                    Name = "orphan",
                    NamespaceProperty = "default",
                    Labels = labels,
                },
                Spec = new() { Containers = [new() { Name = "c", Image = "web:1" }] },
            }
        );
        Settle();
        Assert.Equal(2, Pods().Count);
    }

    [Fact]
    public void Available_waits_for_min_ready_seconds()
    {
        Deploy(1, d => d.Spec.MinReadySeconds = 20);
        _cluster.Run(1);
        _cluster.SetReady(Pods()[0].Metadata.Name);
        _cluster.Run(10);
        Assert.Equal((1, 0), (Deployment().Status.ReadyReplicas ?? 0, Deployment().Status.AvailableReplicas ?? 0));
        _cluster.Run(12);
        Assert.Equal(1, Deployment().Status.AvailableReplicas);
    }

    [Fact]
    public void Bounds_round_surge_up_and_unavailable_down_and_leave_room_to_move()
    {
        Gen.Select(Gen.Int[0, 50], Gen.Int[0, 100], Gen.Int[0, 100])
            .Sample(
                (replicas, surge, unavailable) =>
                {
                    var bounds = RolloutBounds.Of(
                        new()
                        {
                            Replicas = replicas,
                            Strategy = new()
                            {
                                Type = "RollingUpdate",
                                RollingUpdate = new() { MaxSurge = $"{surge}%", MaxUnavailable = $"{unavailable}%" },
                            },
                            Selector = new(),
                            Template = new(),
                        }
                    );
                    return bounds.MaxSurge == (surge * replicas + 99) / 100
                        && (
                            bounds.MaxUnavailable == unavailable * replicas / 100
                            || (bounds.MaxSurge == 0 && bounds.MaxUnavailable == Math.Min(1, replicas))
                            || (bounds.MaxSurge == 0 && bounds.MaxUnavailable == 1)
                        );
                }
            );
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private string Name { get; set; } = "web";

    private void Deploy(int replicas, Action<V1Deployment>? change = null)
    {
        var labels = new Dictionary<string, string> { ["app"] = Name };
        var deployment = new V1Deployment
        {
            Metadata = new() { Name = Name, NamespaceProperty = "default" },
            Spec = new()
            {
                Replicas = replicas,
                Selector = new() { MatchLabels = labels },
                Template = new()
                {
                    Metadata = new() { Labels = labels },
                    Spec = new() { Containers = [new() { Name = "web", Image = "web:1" }] },
                },
            },
        };
        change?.Invoke(deployment);
        _cluster.Create(deployment);
    }

    // Pods become ready at once. Deleted pods are gone at once, because they are not bound to a node.
    private void Settle()
    {
        for (var step = 0; step < 12; step++)
        {
            _cluster.Run(0.5);
            Pods().Where(p => !IsReady(p)).ToList().ForEach(p => _cluster.SetReady(p.Metadata.Name));
        }
        _cluster.Run(1);
    }

    private void SetImage(string image) => _cluster.Change<V1Deployment>(Name, d => d.Spec.Template.Spec.Containers[0].Image = image);

    private bool IsDone(string image, int replicas) =>
        Pods() is var pods && pods.Count == replicas && pods.All(p => IsReady(p) && p.Spec.Containers[0].Image == image);

    private static bool IsReady(V1Pod pod) => pod.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true;

    private IReadOnlyList<V1Pod> Pods() => _cluster.List<V1Pod>(labelSelector: $"app={Name}");

    private IReadOnlyList<V1ReplicaSet> Sets() => _cluster.List<V1ReplicaSet>(labelSelector: $"app={Name}");

    private V1Deployment Deployment() => _cluster.Find<V1Deployment>(Name)!;

    private (string Status, string Reason) Condition(string type)
    {
        var condition = Assert.Single(Deployment().Status.Conditions, c => c.Type == type);
        return (condition.Status, condition.Reason);
    }

    // A Deployment of its own within a test.
    private sealed class Scope : IDisposable
    {
        private readonly RolloutTests _tests;
        private readonly string _before;

        public Scope(RolloutTests tests, string name) => (_tests, _before, tests.Name) = (tests, tests.Name, name);

        public void Dispose() => _tests.Name = _before;
    }
}
