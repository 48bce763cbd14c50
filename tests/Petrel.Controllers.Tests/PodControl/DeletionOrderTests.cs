using CsCheck;
using k8s.Models;
using Petrel.Controllers.PodControl;
using Petrel.Controllers.ReplicaSets;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.PodControl;

/// <summary>The order of deletion. Each row is one rule: the left pod is deleted first.</summary>
public sealed class DeletionOrderTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 0, 0, 0, TimeSpan.Zero);

    public static TheoryData<string, V1Pod, V1Pod> Rules =>
        new()
        {
            { "without a node before with one", Pod(node: ""), Pod() },
            { "pending before unknown", Pod(phase: "Pending"), Pod(phase: "Unknown") },
            { "unknown before running", Pod(phase: "Unknown"), Pod() },
            { "not ready before ready", Pod(ready: false), Pod() },
            { "lower deletion cost first", Pod(cost: "-5"), Pod(cost: "10") },
            { "no cost counts as zero", Pod(), Pod(cost: "1") },
            { "ready for a shorter time first", Pod(readySince: Now.AddMinutes(-1)), Pod(readySince: Now.AddHours(-10)) },
            { "more restarts first", Pod(restarts: 3), Pod(restarts: 1) },
            { "younger first", Pod(created: Now.AddHours(-1)), Pod(created: Now.AddHours(-20)) },
        };

    [Theory]
    [MemberData(nameof(Rules))]
    public void A_worse_pod_goes_before_a_better_one(string rule, V1Pod first, V1Pod second)
    {
        var order = new DeletionOrder([], Now);
        Assert.True(order.Compare(first, second) < 0, rule);
        Assert.True(order.Compare(second, first) > 0, rule);
    }

    [Fact]
    public void A_pod_on_a_node_with_more_of_its_kind_goes_first()
    {
        V1Pod[] all = [Pod(node: "crowded", uid: "a"), Pod(node: "crowded", uid: "b"), Pod(node: "lonely", uid: "0")];
        Assert.Equal("crowded", all.Order(new DeletionOrder(all, Now)).First().Spec.NodeName);
    }

    [Fact]
    public void Only_surplus_pods_are_deleted_and_never_a_better_pod_before_a_worse_one()
    {
        var pod =
            from phase in Gen.OneOfConst("Pending", "Running", "Unknown")
            from ready in Gen.Bool
            from node in Gen.OneOfConst("", "n1", "n2")
            from restarts in Gen.Int[0, 3]
            from age in Gen.Int[1, 100_000]
            from uid in Gen.Int[0, int.MaxValue]
            select Pod(phase, ready, Now.AddSeconds(-age), node, created: Now.AddSeconds(-age * 2), restarts: restarts, uid: $"{uid:x8}");
        Gen.Select(pod.List[0, 12], Gen.Int[0, 12])
            .Sample(
                (pods, replicas) =>
                {
                    var set = Set(replicas);
                    pods.ForEach(p =>
                        p.Metadata.OwnerReferences = [
                            new()
                            {
                                Uid = "set",
                                Controller = true,
                                Kind = "ReplicaSet",
                                Name = "web",
                                ApiVersion = "apps/v1",
                            },
                        ]
                    );
                    var plan = ReplicaSetPlan.Compute(set, pods, pods, Now);
                    var order = new DeletionOrder(pods, Now);
                    var kept = pods.Except(plan.Delete).ToList();
                    return plan.Delete.Count == Math.Max(0, pods.Count - replicas)
                        && plan.Create == Math.Max(0, replicas - pods.Count)
                        && plan.Delete.All(gone => kept.All(stays => order.Compare(gone, stays) <= 0));
                }
            );
    }

    private static V1ReplicaSet Set(int replicas) =>
        new()
        {
            Metadata = new()
            {
                Name = "web",
                NamespaceProperty = "default",
                Uid = "set",
            },
            Spec = new()
            {
                Replicas = replicas,
                Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
            },
        };

    private static V1Pod Pod(
        string phase = "Running",
        bool ready = true,
        DateTimeOffset? readySince = null,
        string node = "n1",
        string cost = "",
        DateTimeOffset? created = null,
        int restarts = 0,
        string uid = "x"
    ) =>
        new()
        {
            Metadata = new()
            {
                Name = uid,
                NamespaceProperty = "default",
                Uid = uid,
                Labels = new Dictionary<string, string> { ["app"] = "web" },
                Annotations =
                    cost.Length == 0 ? null : new Dictionary<string, string> { ["controller.kubernetes.io/pod-deletion-cost"] = cost },
                CreationTimestamp = (created ?? Now.AddHours(-6)).UtcDateTime,
            },
            Spec = new() { NodeName = node.Length == 0 ? null : node, Containers = [] },
            Status = new()
            {
                Phase = phase,
                Conditions = ready
                    ?
                    [
                        new()
                        {
                            Type = "Ready",
                            Status = "True",
                            LastTransitionTime = (readySince ?? Now.AddHours(-5)).UtcDateTime,
                        },
                    ]
                    : [],
                ContainerStatuses =
                [
                    new()
                    {
                        Name = "c",
                        Image = "c",
                        ImageID = "",
                        Ready = ready,
                        RestartCount = restarts,
                    },
                ],
            },
        };
}
