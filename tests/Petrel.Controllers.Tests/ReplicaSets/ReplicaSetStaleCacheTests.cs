using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.ReplicaSets;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.ReplicaSets;

/// <summary>What scaling down may not conclude from a stale cache of pods.</summary>
public sealed class ReplicaSetStaleCacheTests : IAsyncDisposable
{
    private static readonly Dictionary<string, string> Labels = new() { ["app"] = "web" };

    private readonly TestCluster _cluster;
    private readonly List<string> _pods;
    private ApiInterceptor _api = null!;

    public ReplicaSetStaleCacheTests()
    {
        _cluster = new(new(), context => [new ReplicaSetController(context)], wrapApi: api => _api = new(api));
        _cluster.Create(
            new V1ReplicaSet
            {
                ApiVersion = "apps/v1",
                Kind = "ReplicaSet",
                Metadata = new() { Name = "web", NamespaceProperty = "default" },
                Spec = new()
                {
                    Replicas = 3,
                    Selector = new() { MatchLabels = Labels },
                    Template = new()
                    {
                        Metadata = new() { Labels = Labels },
                        Spec = new() { Containers = [new() { Name = "c", Image = "web:1" }] },
                    },
                },
            }
        );
        _cluster.Run(2);
        _pods = [.. _cluster.List<V1Pod>().Select(p => p.Metadata.Name)];
        _cluster.SetReady(_pods[0]);
        _cluster.SetReady(_pods[1]);
        _cluster.SetReady(_pods[2], ready: false);
        _cluster.Run(2);
    }

    [Fact]
    public void A_pod_that_became_ready_is_not_removed_in_place_of_one_that_no_longer_is()
    {
        _api.Hold("/api/v1/pods");
        _cluster.SetReady(_pods[2]);
        _cluster.SetReady(_pods[0], ready: false);
        Scale(2);
        _cluster.Run(5);
        Assert.Equal(_pods, Left());

        _api.Release();
        _cluster.Run(5);
        Assert.Equal([_pods[1], _pods[2]], Left());
    }

    [Fact]
    public void A_pod_that_changed_and_still_is_not_ready_is_removed_though_the_cache_is_behind()
    {
        _api.Hold("/api/v1/pods");
        _cluster.Change<V1Pod>(_pods[2], p => p.Metadata.Annotations = new Dictionary<string, string> { ["note"] = "seen" });
        Scale(2);
        _cluster.Run(5);
        Assert.Equal([_pods[0], _pods[1]], Left());
    }

    [Fact]
    public void A_pod_that_was_released_meanwhile_is_left_alone()
    {
        _api.Hold("/api/v1/pods");
        _cluster.Change<V1Pod>(_pods[2], p =>
        {
            p.Metadata.OwnerReferences = [];
            p.Metadata.Labels = new Dictionary<string, string> { ["app"] = "debug" };
        });
        Scale(2);
        _cluster.Run(5);
        _api.Release();
        _cluster.Run(5);
        Assert.Equal(_pods, Left());
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private void Scale(int replicas) => _cluster.Change<V1ReplicaSet>("web", s => s.Spec.Replicas = replicas);

    private IEnumerable<string> Left() => _cluster.List<V1Pod>().Where(p => !p.IsDeleting()).Select(p => p.Metadata.Name);
}
