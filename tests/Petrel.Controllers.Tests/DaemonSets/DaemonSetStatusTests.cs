using k8s.Models;
using Petrel.Controllers.DaemonSets;
using static Petrel.Controllers.Tests.DaemonSets.DaemonSetObjects;

namespace Petrel.Controllers.Tests.DaemonSets;

/// <summary>The status of DaemonSets.</summary>
public sealed class DaemonSetStatusTests
{
    [Fact]
    public void Nodes_are_counted_by_their_pods()
    {
        var set = Set(s => s.Spec.MinReadySeconds = 60);
        V1Node[] nodes =
        [
            Node("n0"),
            Node("n1"),
            Node("n2"),
            Node("n3"),
            Node("n4", Taint("mine", "NoSchedule")),
            Node("n5", Taint("mine", "NoSchedule")),
        ];
        V1Pod[] pods = [Pod("n0", 'R', 1), Pod("n1", 'R', 1, readyFor: 10), Pod("n2", 's', 1), Pod("n4", 'R', 1), Pod("n9", 'R', 1)];
        var status = Status(set, nodes, pods);
        Assert.Equal((4, 3, 1), (status.DesiredNumberScheduled, status.CurrentNumberScheduled, status.NumberMisscheduled));
        Assert.Equal((2, 1, 3), (status.NumberReady, status.NumberAvailable!.Value, status.NumberUnavailable!.Value));
        Assert.Equal(2, status.UpdatedNumberScheduled);
        Assert.Equal(2, status.ObservedGeneration);
    }

    [Fact]
    public void Of_several_pods_on_a_node_only_the_first_counts()
    {
        var status = Status(Set(), [Node("n0")], [Pod("n0", 'R', 1), Pod("n0", 's', 5)]);
        Assert.Equal((1, 0, 0), (status.CurrentNumberScheduled, status.NumberReady, status.UpdatedNumberScheduled!.Value));
    }

    [Fact]
    public void A_generation_is_not_observed_while_the_outcome_of_a_write_is_unknown()
    {
        var set = Set(s => s.Status = new() { ObservedGeneration = 1 });
        Assert.Equal(1, DaemonSetStatuses.Compute(set, [], Hash, null, isSettled: false, Now).ObservedGeneration);
    }

    [Fact]
    public void An_absent_number_is_zero()
    {
        var status = Status(Set(), [], []);
        Assert.True(DaemonSetStatuses.AreEqual(new() { ObservedGeneration = 2 }, status));
        Assert.False(DaemonSetStatuses.AreEqual(new() { ObservedGeneration = 2, NumberReady = 1 }, status));
        Assert.False(DaemonSetStatuses.AreEqual(null, status));
    }

    private static V1DaemonSetStatus Status(V1DaemonSet set, IEnumerable<V1Node> nodes, IEnumerable<V1Pod> pods) =>
        DaemonSetStatuses.Compute(set, DaemonNodes.Of(set, nodes, pods), Hash, null, isSettled: true, Now);
}
