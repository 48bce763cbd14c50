using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Revisions;
using Petrel.Controllers.StatefulSets;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.StatefulSets;

/// <summary>What a controller may not conclude from stale caches.</summary>
public sealed class StatefulSetStaleCacheTests : IAsyncDisposable
{
    private readonly TestCluster _cluster;
    private readonly FakeKubelets _player;
    private ApiInterceptor _api = null!;

    public StatefulSetStaleCacheTests()
    {
        _cluster = new(new(), context => [new StatefulSetController(context)], wrapApi: api => _api = new(api));
        _player = new(_cluster);
    }

    [Fact]
    public void A_stale_template_in_the_cache_is_not_taken_for_a_rollback()
    {
        var set = Create(2);
        _player.Settle(8);
        _api.Hold("/apis/apps/v1/statefulsets");
        SetImage("web:2");
        // The revision of the new template exists already, as if another controller had created it.
        var newer = RevisionPlan.Create(RevisionOwner.Of(_cluster.Find<V1StatefulSet>("web")!), 2, 0);
        newer.Metadata.OwnerReferences[0].Uid = set.Metadata.Uid;
        _cluster.Create(newer);
        _player.Settle(6);
        Assert.Equal([1L, 2L], Revisions());
        Assert.All(_player.Pods, p => Assert.Equal("web:1", p.Spec.Containers[0].Image));
        _api.Release();
        _player.Settle(20);
        Assert.Equal([1L, 2L], Revisions());
        Assert.All(_player.Pods, p => Assert.Equal("web:2", p.Spec.Containers[0].Image));
    }

    [Fact]
    public void A_delete_whose_answer_was_lost_counts_before_anything_else_is_deleted()
    {
        Create(3);
        _player.Settle(10);
        var (losing, lost) = (true, 0);
        _api.Loses = request =>
        {
            if (!losing || request.Method != "DELETE" || !request.Path.EndsWith("/web-1", StringComparison.Ordinal))
            {
                return false;
            }
            lost++;
            // The cache of pods is stale too.
            _api.Hold("/api/v1/pods");
            return true;
        };
        SetImage("web:2");
        for (var step = 0; step < 200 && lost == 0; step++)
        {
            _cluster.Run(0.1);
            if (lost == 0)
            {
                _player.Step();
            }
        }
        Assert.True(lost > 0);
        // The updated pod now has the old template. It is ready, and the last one.
        SetImage("web:1");
        _cluster.Run(5);
        AssertOnlyOneGoes();
        losing = false;
        _cluster.Run(60);
        AssertOnlyOneGoes();
        _api.Release();
        _player.Settle(30);
        Assert.All(_player.Pods, p => Assert.Equal("web:1", p.Spec.Containers[0].Image));
        Assert.Equal(3, _player.Pods.Count(FakeKubelets.IsReady));
    }

    [Fact]
    public void A_pod_that_became_ready_is_not_deleted_as_an_unavailable_one()
    {
        _player.BecomesReady = p => p.Spec.Containers[0].Image == "web:2";
        Create(3, s => s.Spec.PodManagementPolicy = "Parallel");
        _player.Settle(8);
        _api.Hold("/api/v1/pods");
        _cluster.SetReady("web-2");
        SetImage("web:2");
        _cluster.Run(2);
        AssertGoing();
        _api.Release();
        _cluster.Run(2);
        AssertGoing("web-0", "web-1");
        _player.Settle(30);
        Assert.All(_player.Pods, p => Assert.Equal("web:2", p.Spec.Containers[0].Image));
        Assert.Equal(3, _player.Pods.Count(FakeKubelets.IsReady));
    }

    [Fact]
    public void A_delete_that_was_lost_is_not_repeated_after_the_pod_became_ready()
    {
        _player.BecomesReady = p => p.Spec.Containers[0].Image == "web:2";
        Create(3, s => s.Spec.PodManagementPolicy = "Parallel");
        _player.Settle(8);
        var (losing, lost) = (true, 0);
        _api.LosesRequest = request =>
        {
            if (!losing || request.Method != "DELETE" || !request.Path.EndsWith("/web-2", StringComparison.Ordinal))
            {
                return false;
            }
            lost++;
            _api.Hold("/api/v1/pods");
            return true;
        };
        SetImage("web:2");
        for (var step = 0; step < 200 && lost == 0; step++)
        {
            _cluster.Run(0.1);
        }
        Assert.True(lost > 0);
        _cluster.SetReady("web-2");
        losing = false;
        _cluster.Run(60);
        Assert.DoesNotContain("web-2", Going());
        _api.Release();
        _player.Settle(30);
        Assert.All(_player.Pods, p => Assert.Equal("web:2", p.Spec.Containers[0].Image));
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private void AssertOnlyOneGoes() => AssertGoing("web-1");

    private void AssertGoing(params string[] names) => Assert.Equal(names, Going());

    private IEnumerable<string> Going() => _player.Pods.Where(p => p.Metadata.DeletionTimestamp is not null).Select(p => p.Metadata.Name);

    private V1StatefulSet Create(int replicas, Action<V1StatefulSet>? change = null) =>
        _cluster.Create(StatefulSetObjects.Set(replicas, s =>
            {
                s.Metadata.Uid = null;
                s.Spec.Template = StatefulSetObjects.Template("web:1");
                change?.Invoke(s);
            }));

    private void SetImage(string image) => _cluster.Change<V1StatefulSet>("web", s => s.Spec.Template.Spec.Containers[0].Image = image);

    private List<long> Revisions() => [.. _cluster.List<V1ControllerRevision>().Select(r => r.Revision!.Value).Order()];
}
