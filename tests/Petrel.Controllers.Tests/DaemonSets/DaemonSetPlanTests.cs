using CsCheck;
using k8s.Models;
using Petrel.Controllers.DaemonSets;
using Petrel.Workloads;
using static Petrel.Controllers.Tests.DaemonSets.DaemonSetObjects;

namespace Petrel.Controllers.Tests.DaemonSets;

/// <summary>Each row is one rule: the nodes with their pods (<see cref="Cluster"/>), and the plan.</summary>
public sealed class DaemonSetPlanTests
{
    [Theory]
    [InlineData("a pod on every node", ". . R", "+n0 +n1")]
    [InlineData("one that starts, or is not bound yet, is one", "S U R", "")]
    [InlineData("not while the old one goes", "G R", "")]
    [InlineData("a failed pod is deleted", "F R", "-n0F")]
    [InlineData("so is one that succeeded", "X R", "-n0X")]
    [InlineData("of two the older stays", "RR R", "-n0R")]
    [InlineData("but rather one that is bound", "UR R", "-n0U")]
    [InlineData("a failed one beside a good one goes", "FR R", "-n0F")]
    public void Every_node_has_one_pod(string rule, string cluster, string expected) => Check(rule, Set(), cluster, expected);

    [Theory]
    [InlineData("one at a time", "r r r", "1", "-n0r")]
    [InlineData("not while one is missing", "G r r", "1", "")]
    [InlineData("not while a new one starts", "S r r", "1", "")]
    [InlineData("nor while it has to be made", ". r r", "1", "+n0")]
    [InlineData("old ones that are not available may all go", "s s r", "1", "-n0s -n1s")]
    [InlineData("and count as missing", "s r r", "2", "-n0s -n1r")]
    [InlineData("half of them", "r r r r", "50%", "-n0r -n1r")]
    [InlineData("a percentage is rounded up", "r r r", "34%", "-n0r -n1r")]
    [InlineData("all of them", "r r r", "100%", "-n0r -n1r -n2r")]
    [InlineData("new ones stay", "R R", "2", "")]
    [InlineData("a failed old one is deleted as failed", "f r", "1", "-n0f")]
    public void An_update_takes_down_no_more_than_it_may(string rule, string cluster, string unavailable, string expected) =>
        Check(rule, Set(Rolling(unavailable)), cluster, expected);

    [Theory]
    [InlineData("a new one beside the old one", "r r r", "1", "+n0")]
    [InlineData("not while another new one starts", "rS r r", "1", "")]
    [InlineData("the old one goes when the new one is available", "rR r r", "1", "-n0r")]
    [InlineData("the old one goes when it is not ready any more", "sS r", "1", "-n0s")]
    [InlineData("an old one that is not available is replaced at once", "s s r", "1", "+n0 +n1 +n2")]
    [InlineData("the old one goes its way while the new one comes", "g R", "1", "+n0")]
    [InlineData("half of them", "r r r r", "50%", "+n0 +n1")]
    [InlineData("of several of one kind the oldest stays", "rrSS r", "1", "-n0S -n0r")]
    [InlineData("nothing to do", "R R", "1", "")]
    public void An_update_with_surge_creates_the_new_pod_first(string rule, string cluster, string surge, string expected) =>
        Check(rule, Set(Rolling("0", surge)), cluster, expected);

    [Fact]
    public void Surges_wait_for_a_plan_that_knows_the_replacements()
    {
        var (nodes, pods) = Cluster("r s r");
        var plan = Plan(Set(Rolling("0", "1")), nodes, pods, _ => TimeSpan.Zero);
        Assert.Equal(["n1", "n0"], plan.Create);
        Assert.Equal(["n1"], plan.FirstPart().Create);
        Assert.Equal(TimeSpan.Zero, plan.FirstPart().RequeueAfter);
        (nodes, pods) = Cluster("r r r");
        plan = Plan(Set(Rolling("0", "1")), nodes, pods, _ => TimeSpan.Zero);
        Assert.Equal(["n0"], plan.FirstPart().Create);
        Assert.Null(plan.FirstPart().RequeueAfter);
    }

    [Fact]
    public void On_delete_does_not_update_pods()
    {
        var set = Set(s => s.Spec.UpdateStrategy = new() { Type = "OnDelete" });
        Assert.Equal("", Plan(set, "r r"));
        Assert.Equal("+n1", Plan(set, "r ."));
    }

    [Fact]
    public void No_execute_taints_remove_pods_and_no_schedule_taints_do_not()
    {
        V1Node[] nodes =
        [
            Node("n0", Taint("mine", "NoExecute")),
            Node("n1", Taint("mine", "NoSchedule")),
            Node("n2", Taint("mine", "NoSchedule")),
        ];
        Assert.Equal("-n0R", Words(Plan(Set(), nodes, [Pod("n0", 'R', 1), Pod("n1", 'R', 1)])));
    }

    [Fact]
    public void Pods_for_a_missing_node_are_deleted_unless_they_were_bound_to_it()
    {
        Assert.Equal("-n5U", Words(Plan(Set(), [Node("n0")], [Pod("n0", 'R', 1), Pod("n5", 'U', 1), Pod("n6", 'R', 1)])));
    }

    [Fact]
    public void A_failed_pod_is_kept_during_its_backoff()
    {
        var (nodes, pods) = Cluster("F F");
        var plan = Plan(Set(), nodes, pods, node => node == "n0" ? TimeSpan.FromSeconds(7) : TimeSpan.Zero);
        Assert.Equal("-n1F", Words(plan));
        Assert.Equal(TimeSpan.FromSeconds(7), plan.RequeueAfter);
        Assert.Equal(DaemonPodDeletionReason.Failed, Assert.Single(plan.Delete).Reason);
    }

    [Fact]
    public void Finished_pods_that_are_being_deleted_do_not_count()
    {
        var gone = Pod("n0", 'F', 1);
        gone.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.Equal("+n0", Words(Plan(Set(), [Node("n0")], [gone])));
    }

    [Fact]
    public void A_pod_that_is_ready_for_too_short_a_time_is_not_available()
    {
        var set = Set(s => s.Spec.MinReadySeconds = 30);
        V1Node[] nodes = [Node("n0"), Node("n1")];
        var plan = Plan(set, nodes, [Pod("n0", 'R', 1, readyFor: 10), Pod("n1", 'r', 1)]);
        Assert.Equal("", Words(plan));
        Assert.Equal(TimeSpan.FromSeconds(20), plan.RequeueAfter);
        Assert.Equal("-n1r", Words(Plan(set, nodes, [Pod("n0", 'R', 1, readyFor: 31), Pod("n1", 'r', 1)])));
    }

    [Fact]
    public void With_surge_a_pod_leaves_its_node_when_enough_others_are_available()
    {
        var set = Set(s =>
        {
            Rolling("0", "1")(s);
            s.Spec.Template.Spec.Tolerations = null;
        });
        V1Node[] nodes = [Node("n0", Taint("mine", "NoSchedule")), Node("n1")];
        // The old pod on n0 may stay there, but no new one may be created.
        Assert.Equal("", Words(Plan(set, nodes, [Pod("n0", 'r', 1), Pod("n1", 'S', 1)])));
        Assert.Equal("-n0r", Words(Plan(set, nodes, [Pod("n0", 'r', 1), Pod("n1", 'R', 1)])));
        Assert.Equal("-n0s", Words(Plan(set, nodes, [Pod("n0", 's', 1), Pod("n1", 'S', 1)])));
    }

    [Fact]
    public void No_more_than_a_burst_is_done_at_once()
    {
        var nodes = Enumerable.Range(0, 300).Select(i => Node($"n{i:000}")).ToList();
        Assert.Equal(DaemonSetPlan.Burst, Plan(Set(), nodes, []).Create.Count);
    }

    [Fact]
    public void An_update_never_leaves_its_bounds()
    {
        var pods = Gen.OneOfConst(".", "R", "S", "U", "F", "G", "r", "s", "g", "rR", "rS", "sS", "RR", "rr");
        Gen.Select(pods.List[1, 8], Gen.Int[0, 3], Gen.Int[0, 3])
            .Sample(
                (words, unavailable, surge) =>
                {
                    var set = Set(Rolling(unavailable.ToString(), surge.ToString()));
                    var (nodes, all) = Cluster(string.Join(' ', words));
                    var plan = Plan(set, nodes, all);
                    var deleted = plan.Delete.Select(d => d.Pod).ToHashSet();
                    bool Available(V1Node node, Func<V1Pod, bool> counts) =>
                        all.Any(p =>
                            p.Spec.NodeName == node.Metadata.Name && p.IsReady() && p.Metadata.DeletionTimestamp is null && counts(p)
                        );
                    var before = nodes.Count(n => !Available(n, _ => true));
                    var after = nodes.Count(n => !Available(n, p => !deleted.Contains(p)));
                    var crowded = plan.Create.Count(n =>
                        all.Any(p => DaemonPod.TargetNode(p) == n && p.IsReady() && p.Metadata.DeletionTimestamp is null)
                    );
                    return plan.Create.Distinct().Count() == plan.Create.Count
                        && deleted.Count == plan.Delete.Count
                        && deleted.All(p => p.Metadata.DeletionTimestamp is null)
                        // No more available pods than the bound are deleted; with surge, none.
                        && (after <= before || (surge == 0 && after <= Math.Max(1, unavailable)))
                        // A new pod beside an available one is created only within the surge.
                        && crowded <= surge;
                }
            );
    }

    [Theory]
    [InlineData("25%", "0", 10, 3, 0)]
    [InlineData("0", "25%", 10, 0, 3)]
    [InlineData("1%", "0", 10, 1, 0)]
    [InlineData("3", "0", 10, 3, 0)]
    [InlineData("0", "0", 10, 1, 0)]
    public void Percentages_are_rounded_up(string unavailable, string surge, int nodes, int expectedUnavailable, int expectedSurge) =>
        Assert.Equal(
            new DaemonUpdateBounds(expectedSurge, expectedUnavailable),
            DaemonUpdateBounds.Of(Set(Rolling(unavailable, surge)), nodes)
        );

    private static void Check(string rule, V1DaemonSet set, string cluster, string expected)
    {
        var plan = Plan(set, cluster);
        Assert.True(expected == plan, $"{rule}: {plan}");
    }
}
