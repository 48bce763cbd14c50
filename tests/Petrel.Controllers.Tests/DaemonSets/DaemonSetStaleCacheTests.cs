using k8s.Models;
using Petrel.Controllers.DaemonSets;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.DaemonSets;

/// <summary>What a controller may not conclude from stale caches.</summary>
public sealed class DaemonSetStaleCacheTests : IAsyncDisposable
{
    private readonly TestCluster _cluster;
    private readonly FakeKubelets _player;
    private ApiInterceptor _api = null!;

    public DaemonSetStaleCacheTests()
    {
        _cluster = new(new(), context => [new DaemonSetController(context)], wrapApi: api => _api = new(api));
        _player = new(_cluster);
        foreach (var name in (string[])["n1", "n2", "n3"])
        {
            _cluster.Create(DaemonSetObjects.Node(name));
        }
    }

    [Fact]
    public void A_pod_that_became_ready_is_not_deleted_as_an_unavailable_one()
    {
        Create(DaemonSetObjects.Rolling("1"), ready: p => p.Spec.Containers[0].Image == "agent:2");
        _api.Hold("/api/v1/pods");
        _cluster.SetReady(OldPodOn("n2").Metadata.Name);
        SetImage();
        _cluster.Run(2);
        Assert.Null(OldPodOn("n2").Metadata.DeletionTimestamp);
        _api.Release();
        _cluster.Run(2);
        Assert.Null(OldPodOn("n2").Metadata.DeletionTimestamp);
        _player.Settle(30);
        AssertUpdated();
    }

    [Fact]
    public void Replacements_of_several_pods_that_became_ready_are_no_more_than_the_surge()
    {
        Create(DaemonSetObjects.Rolling("0", "1"), ready: _ => false);
        _api.Hold("/api/v1/pods");
        foreach (var pod in _player.Pods.ToList())
        {
            _cluster.SetReady(pod.Metadata.Name);
        }
        _player.BecomesReady = _ => false;
        SetImage();
        // The first replacement waits for its own event, and with it come those of the pods that became ready.
        _cluster.Run(2);
        _api.Release();
        _cluster.Run(5);
        Assert.Equal(4, _player.Pods.Count);
    }

    [Fact]
    public void A_replacement_of_a_pod_that_became_ready_counts_as_a_surge()
    {
        Create(DaemonSetObjects.Rolling("0", "1"), ready: p => p.Spec.NodeName != "n2");
        _api.Hold("/api/v1/pods");
        _cluster.SetReady(OldPodOn("n2").Metadata.Name);
        _player.BecomesReady = _ => false;
        SetImage();
        _cluster.Run(2);
        Assert.Equal(4, _player.Pods.Count);
        _api.Release();
        _player.Settle(10);
        Assert.Equal(4, _player.Pods.Count);
        _player.BecomesReady = _ => true;
        _player.Settle(30, afterStep: () => Assert.True(_player.Pods.Count(p => !p.IsDeleting()) <= 4));
        AssertUpdated();
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private void Create(Action<V1DaemonSet> strategy, Func<V1Pod, bool> ready)
    {
        _player.BecomesReady = ready;
        _cluster.Create(
            DaemonSetObjects.Set(s =>
            {
                s.Metadata.Uid = null;
                strategy(s);
            })
        );
        _player.Settle(8);
    }

    private void SetImage() => _cluster.Change<V1DaemonSet>("agent", s => s.Spec.Template.Spec.Containers[0].Image = "agent:2");

    private V1Pod OldPodOn(string node) => _player.Pods.Single(p => p.Spec.NodeName == node && p.Spec.Containers[0].Image == "agent:1");

    private void AssertUpdated()
    {
        Assert.Equal(["agent:2", "agent:2", "agent:2"], _player.Pods.Select(p => p.Spec.Containers[0].Image));
        Assert.All(_player.Pods, p => Assert.True(FakeKubelets.IsReady(p)));
    }
}
