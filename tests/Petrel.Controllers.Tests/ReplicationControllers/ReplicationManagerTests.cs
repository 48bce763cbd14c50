using System.Text;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.Quotas;
using Petrel.Controllers.ReplicationControllers;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.ReplicationControllers;

public sealed class ReplicationManagerTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "a" };

    [Fact]
    public async Task The_desired_number_of_pods_is_kept_and_reported()
    {
        await using var cluster = new TestCluster(context => [new ReplicationManager(context)]);
        cluster.Create(Manifest(3));
        cluster.Run(2);
        Assert.Equal(3, cluster.List<V1Pod>().Count);
        var owner = Assert.Single(cluster.List<V1Pod>()[0].Metadata.OwnerReferences);
        Assert.Equal(("v1", "ReplicationController", "rc", true), (owner.ApiVersion, owner.Kind, owner.Name, owner.Controller));
        cluster.SetReady(cluster.List<V1Pod>()[0].Metadata.Name);
        cluster.Run(2);
        var status = Find(cluster).Status;
        Assert.Equal((3, 3, 1, 1), (status.Replicas, status.FullyLabeledReplicas, status.ReadyReplicas, status.AvailableReplicas));
        Assert.Equal(Find(cluster).Metadata.Generation, status.ObservedGeneration);
        Assert.Contains(cluster.List<Corev1Event>(), e =>
            e is { Reason: "SuccessfulCreate", InvolvedObject.Kind: "ReplicationController", Source.Component: "replication-controller" }
        );
    }

    [Fact]
    public async Task Its_scale_is_written_by_its_subresource()
    {
        await using var cluster = new TestCluster(context => [new ReplicationManager(context)]);
        cluster.Create(Manifest(1));
        cluster.Run(2);
        Scale(cluster, 4);
        cluster.Run(2);
        Assert.Equal(4, cluster.List<V1Pod>().Count);
        cluster.SetReady(cluster.List<V1Pod>()[2].Metadata.Name);
        var ready = cluster.List<V1Pod>()[2].Metadata.Name;
        Scale(cluster, 1);
        cluster.Run(2);
        Assert.Equal(ready, Assert.Single(cluster.List<V1Pod>()).Metadata.Name);
    }

    [Fact]
    public async Task A_new_template_holds_for_new_pods_only()
    {
        await using var cluster = new TestCluster(context => [new ReplicationManager(context)]);
        cluster.Create(Manifest(2));
        cluster.Run(2);
        cluster.Change<V1ReplicationController>("rc", r => r.Spec.Template.Spec.Containers[0].Image = "i:2");
        cluster.Run(2);
        Assert.All(cluster.List<V1Pod>(), p => Assert.Equal("i:1", p.Spec.Containers[0].Image));
        var gone = cluster.List<V1Pod>()[0].Metadata.Name;
        cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", gone), new(), stop));
        cluster.Run(2);
        Assert.Equal(["i:1", "i:2"], cluster.List<V1Pod>().Select(p => p.Spec.Containers[0].Image).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Matching_orphans_are_adopted_and_pods_that_no_longer_match_are_released()
    {
        await using var cluster = new TestCluster(context => [new ReplicationManager(context)]);
        cluster.Create(
            new V1Pod
            {
                Metadata = new()
                {
                    Name = "orphan",
                    NamespaceProperty = "default",
                    Labels = Labels,
                },
                Spec = new() { Containers = [new() { Name = "c", Image = "i:1" }] },
            }
        );
        cluster.Create(Manifest(2));
        cluster.Run(2);
        Assert.Equal(2, cluster.List<V1Pod>().Count);
        cluster.Change<V1Pod>("orphan", p => p.Metadata.Labels = new Dictionary<string, string>());
        cluster.Run(2);
        Assert.Empty(cluster.Find<V1Pod>("orphan")!.Metadata.OwnerReferences ?? []);
        Assert.Equal(2, cluster.List<V1Pod>(labelSelector: "app=a").Count);
    }

    [Fact]
    public async Task A_quota_that_is_used_up_is_a_failure_condition_until_fewer_pods_are_wanted()
    {
        await using var cluster = new TestCluster(context => [new ReplicationManager(context), new QuotaController(context)]);
        cluster.Create(
            new V1ResourceQuota
            {
                Metadata = new() { Name = "two", NamespaceProperty = "default" },
                Spec = new() { Hard = new Dictionary<string, ResourceQuantity> { ["pods"] = new("2") } },
            }
        );
        cluster.Run(2);
        cluster.Create(Manifest(3));
        cluster.Run(5);
        Assert.Equal(2, cluster.List<V1Pod>().Count);
        var failure = Assert.Single(Find(cluster).Status.Conditions);
        Assert.Equal(("ReplicaFailure", "True", "FailedCreate"), (failure.Type, failure.Status, failure.Reason));
        Assert.Contains("exceeded quota: two", failure.Message);
        Scale(cluster, 2);
        cluster.Run(5);
        Assert.Empty(Find(cluster).Status.Conditions ?? []);
        Assert.Equal(2, cluster.List<V1Pod>().Count);
    }

    private static V1ReplicationController Find(TestCluster cluster) => cluster.Find<V1ReplicationController>("rc")!;

    private static void Scale(TestCluster cluster, int replicas) =>
        cluster.Do(
            async (user, stop) =>
            {
                var body = $$"""{"spec":{"replicas":{{replicas}} } }""";
                await user.SendAsync(
                    "PATCH",
                    "/api/v1/namespaces/default/replicationcontrollers/rc/scale",
                    [],
                    Encoding.UTF8.GetBytes(body),
                    "application/merge-patch+json",
                    stop
                );
            }
        );

    private static V1ReplicationController Manifest(int replicas) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ReplicationController",
            Metadata = new() { Name = "rc", NamespaceProperty = "default" },
            Spec = new()
            {
                Replicas = replicas,
                Selector = Labels,
                Template = new()
                {
                    Metadata = new() { Labels = Labels },
                    Spec = new() { Containers = [new() { Name = "c", Image = "i:1" }] },
                },
            },
        };
}
