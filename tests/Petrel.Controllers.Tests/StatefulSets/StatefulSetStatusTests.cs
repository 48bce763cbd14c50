using k8s.Models;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.StatefulSets;
using static Petrel.Controllers.Tests.StatefulSets.StatefulSetObjects;

namespace Petrel.Controllers.Tests.StatefulSets;

/// <summary>The status of StatefulSets.</summary>
public sealed class StatefulSetStatusTests
{
    [Fact]
    public void Pods_are_counted_by_their_state_and_revision()
    {
        var set = Set(4, s => s.Spec.MinReadySeconds = 60);
        var status = Status(
            set,
            [Pod(set, 0, revision: Old), Pod(set, 1, readyFor: 10, revision: Old), Pod(set, 2, "pending"), Pod(set, 3, "going")]
        );
        Assert.Equal((4, 3, 2), (status.Replicas, status.ReadyReplicas, status.AvailableReplicas));
        Assert.Equal((2, 1), (status.CurrentReplicas, status.UpdatedReplicas));
        Assert.Equal((Old, New, 3L), (status.CurrentRevision, status.UpdateRevision, status.ObservedGeneration));
        Assert.Equal(0, status.CollisionCount);
    }

    [Fact]
    public void The_update_is_complete_when_all_are_new_and_ready()
    {
        var set = Set(2);
        var status = Status(set, [Pod(set, 0), Pod(set, 1)]);
        Assert.Equal((New, New, 2, 2), (status.CurrentRevision, status.UpdateRevision, status.CurrentReplicas, status.UpdatedReplicas));
    }

    [Theory]
    [InlineData("ready", "starting")]
    [InlineData("ready", "going")]
    public void It_is_not_complete_before(string first, string second)
    {
        var set = Set(2);
        Assert.Equal(Old, Status(set, [Pod(set, 0, first), Pod(set, 1, second)]).CurrentRevision);
    }

    [Fact]
    public void It_is_not_complete_while_there_are_too_many_or_one_is_old()
    {
        var set = Set(2);
        Assert.Equal(Old, Status(set, [Pod(set, 0), Pod(set, 1), Pod(set, 2)]).CurrentRevision);
        Assert.Equal(Old, Status(set, [Pod(set, 0, revision: Old), Pod(set, 1)]).CurrentRevision);
    }

    [Fact]
    public void On_delete_never_completes()
    {
        var set = Set(1, s => s.Spec.UpdateStrategy = new() { Type = "OnDelete" });
        Assert.Equal(Old, Status(set, [Pod(set, 0)]).CurrentRevision);
    }

    [Fact]
    public void An_absent_number_is_zero()
    {
        var set = Set(0);
        var status = StatefulSetStatuses.Compute(set, "", "", null, [], Now);
        Assert.True(StatefulSetStatuses.AreEqual(new() { Replicas = 0, ObservedGeneration = 3 }, status));
        Assert.False(StatefulSetStatuses.AreEqual(new() { Replicas = 1, ObservedGeneration = 3 }, status));
        Assert.False(StatefulSetStatuses.AreEqual(null, status));
    }

    private static V1StatefulSetStatus Status(V1StatefulSet set, IReadOnlyList<V1Pod> pods) =>
        StatefulSetStatuses.Compute(set, Old, New, null, pods, Now);
}
