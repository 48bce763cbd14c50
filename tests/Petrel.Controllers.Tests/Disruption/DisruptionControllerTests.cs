using System.Text;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Disruption;
using Petrel.Controllers.ReplicaSets;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Disruption;

public sealed class DisruptionControllerTests
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "a" };

    [Fact]
    public async Task A_budget_follows_its_pods_and_counts_evictions()
    {
        await using var cluster = new TestCluster(context => [new ReplicaSetController(context), new DisruptionController(context)]);
        cluster.Create(ReplicaSet(3));
        cluster.Create(Budget(maxUnavailable: "1"));
        cluster.Run(2);
        AssertStatus(cluster, expected: 3, desired: 2, healthy: 0, allowed: 0);

        var pods = cluster.List<V1Pod>().Select(p => p.Metadata.Name).ToList();
        foreach (var pod in pods)
        {
            cluster.SetReady(pod);
        }
        cluster.Run(2);
        AssertStatus(cluster, expected: 3, desired: 2, healthy: 3, allowed: 1);
        Assert.Equal(Find(cluster).Metadata.Generation, Find(cluster).Status.ObservedGeneration);

        Assert.Equal(201, Evict(cluster, pods[0]));
        Assert.Equal(429, Evict(cluster, pods[1]));
        cluster.Run(2);
        AssertStatus(cluster, expected: 3, desired: 2, healthy: 2, allowed: 0);
        Assert.Equal(429, Evict(cluster, pods[1]));

        // The replacement of the evicted pod is ready.
        cluster.SetReady(cluster.List<V1Pod>().Single(p => !pods.Contains(p.Metadata.Name)).Metadata.Name);
        cluster.Run(2);
        AssertStatus(cluster, expected: 3, desired: 2, healthy: 3, allowed: 1);
        Assert.Equal(201, Evict(cluster, pods[1]));
    }

    [Fact]
    public async Task A_budget_whose_pods_have_an_unknown_controller_allows_nothing()
    {
        await using var cluster = new TestCluster(context => [new DisruptionController(context)]);
        cluster.Create(Budget(maxUnavailable: "1"));
        var pod = Pod("p");
        pod.Metadata.OwnerReferences =
        [
            new()
            {
                ApiVersion = "example.com/v1",
                Kind = "Thing",
                Name = "t",
                Uid = "u",
                Controller = true,
            },
        ];
        cluster.Create(pod);
        cluster.SetReady("p");
        cluster.Run(2);

        var condition = Assert.Single(Find(cluster).Status.Conditions);
        Assert.Equal("SyncFailed", condition.Reason);
        Assert.Equal("found no controllers for pod \"p\"", condition.Message);
        Assert.Equal(429, Evict(cluster, "p"));
    }

    private static int Evict(TestCluster cluster, string pod)
    {
        var code = 201;
        cluster.Do(
            async (user, stop) =>
            {
                try
                {
                    var body = $$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{pod}}"} }""";
                    var path = $"/api/v1/namespaces/default/pods/{pod}/eviction";
                    await user.SendAsync("POST", path, [], Encoding.UTF8.GetBytes(body), "application/json", stop);
                }
                catch (ApiException e)
                {
                    code = e.StatusCode;
                }
            }
        );
        return code;
    }

    private static V1PodDisruptionBudget Find(TestCluster cluster) => cluster.Find<V1PodDisruptionBudget>("b")!;

    private static void AssertStatus(TestCluster cluster, int expected, int desired, int healthy, int allowed)
    {
        var status = Find(cluster).Status;
        Assert.Equal(
            (expected, desired, healthy, allowed),
            (status.ExpectedPods, status.DesiredHealthy, status.CurrentHealthy, status.DisruptionsAllowed)
        );
    }

    private static V1PodDisruptionBudget Budget(string maxUnavailable) =>
        new()
        {
            ApiVersion = "policy/v1",
            Kind = "PodDisruptionBudget",
            Metadata = new() { Name = "b", NamespaceProperty = "default" },
            Spec = new()
            {
                MaxUnavailable = maxUnavailable,
                Selector = new() { MatchLabels = Labels },
            },
        };

    private static V1Pod Pod(string name) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "default",
                Labels = Labels,
            },
            Spec = new() { Containers = [new() { Name = "c", Image = "i" }] },
        };

    private static V1ReplicaSet ReplicaSet(int replicas) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "ReplicaSet",
            Metadata = new() { Name = "r", NamespaceProperty = "default" },
            Spec = new()
            {
                Replicas = replicas,
                Selector = new() { MatchLabels = Labels },
                Template = new()
                {
                    Metadata = new() { Labels = Labels },
                    Spec = new() { Containers = [new() { Name = "c", Image = "i" }] },
                },
            },
        };
}
