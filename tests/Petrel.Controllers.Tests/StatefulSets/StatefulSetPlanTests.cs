using CsCheck;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.StatefulSets;
using Petrel.Workloads;
using static Petrel.Controllers.Tests.StatefulSets.StatefulSetObjects;

namespace Petrel.Controllers.Tests.StatefulSets;

/// <summary>Each row is one rule: the states of the pods by ordinal, and the plan.</summary>
public sealed class StatefulSetPlanTests
{
    // States: R ready, S starting, P pending, F failed, X succeeded, G going, . none. A lower-case letter: with the old revision.
    [Theory]
    [InlineData("the first pod first", 3, "...", "+web-0")]
    [InlineData("the next when the one before is ready", 3, "R..", "+web-1")]
    [InlineData("not before it is running", 3, "P..", "")]
    [InlineData("not before it is ready", 3, "S..", "")]
    [InlineData("a gap is filled before anything after it", 3, "R.S", "+web-1")]
    [InlineData("not while a predecessor goes", 3, "G.R", "")]
    [InlineData("a failed pod is deleted, and made again when it is gone", 3, "RFR", "-web-1")]
    [InlineData("so is one that succeeded", 3, "RXR", "-web-1")]
    [InlineData("nothing to do", 3, "RRR", "")]
    [InlineData("down from the last", 2, "RRRR", "-web-3")]
    [InlineData("one after the other", 2, "RRRG", "")]
    [InlineData("not down while a wanted one is not ready", 2, "RSRR", "")]
    [InlineData("a ready surplus pod goes whatever the lower ones are", 2, "RRSR", "-web-3")]
    [InlineData("a surplus pod that is not ready waits for a lower one that is not", 2, "RRSS", "")]
    [InlineData("the lowest that is not ready may go", 2, "RRRS", "-web-3")]
    [InlineData("scaled to nothing", 0, "RR", "-web-1")]
    public void Ordered_pods_are_created_and_deleted_one_after_the_other(string rule, int replicas, string pods, string expected)
    {
        var set = Set(replicas);
        Assert.True(expected == Words(Plan(set, Pods(set, pods))), $"{rule}: {Words(Plan(set, Pods(set, pods)))}");
    }

    [Theory]
    [InlineData("all at once", 3, "...", "+web-0 +web-1 +web-2")]
    [InlineData("whatever the others are", 3, "S.G", "+web-1")]
    [InlineData("failed ones go, missing ones come", 3, ".FR", "+web-0 -web-1")]
    [InlineData("down at once", 1, "RSGR", "-web-3 -web-1")]
    public void Parallel_pods_do_not_wait_for_each_other(string rule, int replicas, string pods, string expected)
    {
        var set = Set(replicas, s => s.Spec.PodManagementPolicy = "Parallel");
        Assert.True(expected == Words(Plan(set, Pods(set, pods))), $"{rule}: {Words(Plan(set, Pods(set, pods)))}");
    }

    [Theory]
    [InlineData("from the last", "rrr", null, 0, "-web-2")]
    [InlineData("then the next", "rrR", null, 0, "-web-1")]
    [InlineData("not before the new one is ready", "rrS", null, 0, "")]
    [InlineData("not while the old one goes", "rrg", null, 0, "")]
    [InlineData("a new pod is of the new revision", "rr.", null, 0, "+web-2:web-new")]
    [InlineData("down to the partition", "rrR", null, 2, "")]
    [InlineData("a missing pod below the partition is of the old one", ".rR", null, 2, "+web-0:web-old")]
    [InlineData("a partition beyond all", "rrr", null, 9, "")]
    [InlineData("a broken pod of the old one keeps everything waiting", "rrs", null, 0, "")]
    [InlineData("two at a time", "rrrr", "2", 0, "-web-3 -web-2")]
    [InlineData("half of them", "rrrr", "50%", 0, "-web-3 -web-2")]
    [InlineData("a percentage is rounded down", "rrrr", "70%", 0, "-web-3 -web-2")]
    [InlineData("but one may always go", "rrrr", "1%", 0, "-web-3")]
    [InlineData("ordered pods come back in order before the next go", "rrSR", "2", 0, "")]
    [InlineData("all", "rrrr", "100%", 1, "-web-3 -web-2 -web-1")]
    public void An_ordered_update_goes_from_the_last_pod_to_the_first(
        string rule,
        string pods,
        string? unavailable,
        int partition,
        string expected
    ) => CheckUpdate(rule, "OrderedReady", pods, unavailable, partition, expected);

    [Theory]
    [InlineData("one at a time", "rrr", null, 0, "-web-2")]
    [InlineData("not before the new one is ready", "rrS", null, 0, "")]
    [InlineData("two at a time", "rrrr", "2", 0, "-web-3 -web-2")]
    [InlineData("one is missing already", "rrrS", "2", 0, "-web-2")]
    [InlineData("a broken pod of the old one is replaced at once", "rsr", null, 0, "-web-1")]
    [InlineData("all broken ones are", "sss", null, 0, "-web-2 -web-1 -web-0")]
    [InlineData("and count as missing", "rsrr", "2", 0, "-web-1 -web-3")]
    [InlineData("but not below the partition", "srr", null, 1, "")]
    [InlineData("a pod that has just been made is missing", "rrr.", null, 0, "+web-3:web-new")]
    public void A_parallel_update_keeps_within_its_bound(string rule, string pods, string? unavailable, int partition, string expected) =>
        CheckUpdate(rule, "Parallel", pods, unavailable, partition, expected);

    [Theory]
    [InlineData("rrr", "")]
    [InlineData("r.r", "+web-1:web-new")]
    public void On_delete_only_replaces_what_someone_deleted(string pods, string expected)
    {
        var set = Set(pods.Length, s => s.Spec.UpdateStrategy = new() { Type = "OnDelete" });
        Assert.Equal(expected, WithRevisions(Plan(set, Pods(set, pods), Updating)));
    }

    [Fact]
    public void Ordinals_may_start_anywhere()
    {
        var set = Set(2, s => s.Spec.Ordinals = new() { Start = 5 });
        Assert.Equal("+web-5", Words(Plan(set, [])));
        Assert.Equal("+web-6", Words(Plan(set, [Pod(set, 5)])));
        Assert.Equal("-web-7", Words(Plan(set, [Pod(set, 5), Pod(set, 6), Pod(set, 7), Pod(set, 4)])));
        Assert.Equal("-web-4", Words(Plan(set, [Pod(set, 5), Pod(set, 6), Pod(set, 4)])));
    }

    [Fact]
    public void The_partition_counts_from_the_first_ordinal()
    {
        var set = Set(3, s => (s.Spec.Ordinals, s.Spec.UpdateStrategy.RollingUpdate.Partition) = (new() { Start = 5 }, 2));
        Assert.Equal(
            "-web-7",
            Words(Plan(set, [Pod(set, 5, revision: Old), Pod(set, 6, revision: Old), Pod(set, 7, revision: Old)], Updating))
        );
        Assert.Equal("", Words(Plan(set, [Pod(set, 5, revision: Old), Pod(set, 6, revision: Old), Pod(set, 7)], Updating)));
        Assert.Equal("+web-6:web-old", WithRevisions(Plan(set, [Pod(set, 5, revision: Old)], Updating)));
    }

    [Fact]
    public void Ready_is_not_enough_before_min_ready_seconds_are_over()
    {
        var set = Set(2, s => s.Spec.MinReadySeconds = 30);
        var plan = Plan(set, [Pod(set, 0, readyFor: 10)]);
        Assert.Empty(plan.Actions);
        Assert.Equal(TimeSpan.FromSeconds(20), plan.RequeueAfter);
        Assert.Equal("+web-1", Words(Plan(set, [Pod(set, 0, readyFor: 30)])));
        var scaled = Set(1, s => s.Spec.MinReadySeconds = 30);
        Assert.Equal("-web-1", Words(Plan(scaled, [Pod(scaled, 0), Pod(scaled, 1, readyFor: 10)])));
        Assert.Equal("", Words(Plan(scaled, [Pod(scaled, 0), Pod(scaled, 1, readyFor: 10), Pod(scaled, 2, readyFor: 10)])));
    }

    [Fact]
    public void A_pod_has_the_labels_of_its_identity_and_mounts_its_claims()
    {
        var set = Set(1, s =>
        {
            WithClaims(s);
            s.Spec.Template.Spec.Volumes = [new() { Name = "data", EmptyDir = new() }, new() { Name = "tmp", EmptyDir = new() }];
            s.Spec.Template.Spec.Hostname = "ignored";
        });
        var create = Assert.IsType<CreateStatefulPod>(
            Assert.Single(Plan(set, [], new(New, set.Spec.Template, New, set.Spec.Template)).Actions)
        );
        var pod = create.Pod;
        Assert.Equal(("web-0", "web-0", "web"), (pod.Metadata.Name, pod.Spec.Hostname, pod.Spec.Subdomain));
        Assert.Equal("web-0", pod.Metadata.Labels["statefulset.kubernetes.io/pod-name"]);
        Assert.Equal("0", pod.Metadata.Labels["apps.kubernetes.io/pod-index"]);
        Assert.Equal(New, pod.Metadata.Labels["controller-revision-hash"]);
        Assert.Equal("set", Assert.Single(pod.Metadata.OwnerReferences).Uid);
        Assert.Equal(["data", "tmp"], pod.Spec.Volumes.Select(v => v.Name));
        Assert.Equal("data-web-0", pod.Spec.Volumes[0].PersistentVolumeClaim.ClaimName);
        var claim = Assert.Single(create.Claims);
        Assert.Equal(("data-web-0", "default"), (claim.Metadata.Name, claim.Metadata.NamespaceProperty));
        Assert.Equal([("app", "web"), ("tier", "db")], claim.Metadata.Labels.OrderBy(l => l.Key).Select(l => (l.Key, l.Value)));
        Assert.Equal("db", Assert.Single(set.Spec.VolumeClaimTemplates[0].Metadata.Labels).Value);
    }

    [Fact]
    public void An_existing_claim_is_used_again()
    {
        var set = Set(1, WithClaims);
        Assert.Empty(Assert.IsType<CreateStatefulPod>(Assert.Single(Plan(set, [], Settled, Claim(set, 0)).Actions)).Claims);
    }

    [Fact]
    public void A_claim_that_is_being_deleted_is_not_used()
    {
        var set = Set(2, WithClaims);
        var leaving = Claim(set, 0);
        leaving.Metadata.DeletionTimestamp = Now.UtcDateTime;
        Assert.Equal("blocked:web-0", Words(Plan(set, [], Settled, leaving)));
        var parallel = Set(2, s =>
        {
            WithClaims(s);
            s.Spec.PodManagementPolicy = "Parallel";
        });
        Assert.Equal("blocked:web-0 +web-1", Words(Plan(parallel, [], Settled, leaving)));
    }

    [Fact]
    public void A_pending_pod_gets_its_missing_claims()
    {
        var set = Set(1, WithClaims);
        Assert.Equal("claims:web-0", Words(Plan(set, [Pod(set, 0, "pending")])));
        Assert.Equal("", Words(Plan(set, [Pod(set, 0, "pending")], Settled, Claim(set, 0))));
        Assert.Equal("", Words(Plan(set, [Pod(set, 0)])));
    }

    [Fact]
    public void A_pod_without_the_labels_of_its_identity_is_repaired()
    {
        var set = Set(2);
        var pod = Pod(set, 0);
        pod.Metadata.Labels.Remove("statefulset.kubernetes.io/pod-name");
        pod.Metadata.Labels.Remove("apps.kubernetes.io/pod-index");
        var plan = Plan(set, [pod, Pod(set, 1)]);
        Assert.Equal("~web-0", Words(plan));
        var repaired = ((RepairStatefulPod)plan.Actions[0]).Pod;
        Assert.Equal(
            ("web-0", "0"),
            (repaired.Metadata.Labels["statefulset.kubernetes.io/pod-name"], repaired.Metadata.Labels["apps.kubernetes.io/pod-index"])
        );
        Assert.DoesNotContain("statefulset.kubernetes.io/pod-name", pod.Metadata.Labels.Keys);
    }

    [Fact]
    public void An_ordered_plan_takes_one_step_and_never_a_pod_twice()
    {
        var states = Gen.OneOfConst("ready", "starting", "pending", "failed", "going", "none");
        Gen.Select(states.List[0, 6], Gen.Int[0, 6], Gen.Bool, Gen.Int[0, 4], Gen.Int[1, 3])
            .Sample(
                (list, replicas, parallel, partition, unavailable) =>
                {
                    var set = Set(replicas, s =>
                    {
                        s.Spec.PodManagementPolicy = parallel ? "Parallel" : "OrderedReady";
                        s.Spec.UpdateStrategy.RollingUpdate = new() { Partition = partition, MaxUnavailable = unavailable.ToString() };
                    });
                    var pods = list.Select((state, i) => state == "none" ? null : Pod(set, i, state, i % 2 == 0 ? Old : New))
                        .OfType<V1Pod>()
                        .ToList();
                    var plan = Plan(set, pods, Updating);
                    var creates = plan.Actions.OfType<CreateStatefulPod>().Select(a => a.Pod.Metadata.Name).ToList();
                    var deletes = plan.Actions.OfType<DeleteStatefulPod>().Select(a => a.Pod.Metadata.Name).ToList();
                    var wanted = pods.Where(p => StatefulPodIdentity.IsDesired(set, StatefulPodIdentity.OrdinalIn(set, p)!.Value)).ToList();
                    var lost = deletes.Count(name => wanted.Any(p => p.Metadata.Name == name && p.IsReady()));
                    var missing = replicas - wanted.Count(p => p.IsReady() && p.Metadata.DeletionTimestamp is null);
                    return creates.Concat(deletes).Distinct().Count() == creates.Count + deletes.Count
                        && creates.All(name => pods.All(p => p.Metadata.Name != name))
                        && (parallel || creates.Count <= 1)
                        // No more ready pods than the bound are deleted.
                        && (lost == 0 || lost + missing <= unavailable);
                }
            );
    }

    private static void CheckUpdate(string rule, string policy, string pods, string? unavailable, int partition, string expected)
    {
        var set = Set(pods.Length, s =>
        {
            s.Spec.PodManagementPolicy = policy;
            s.Spec.UpdateStrategy.RollingUpdate = new() { Partition = partition, MaxUnavailable = unavailable };
        });
        var plan = WithRevisions(Plan(set, Pods(set, pods), Updating));
        Assert.True(expected == plan, $"{rule}: {plan}");
    }

    private static string WithRevisions(StatefulSetPlan plan) =>
        string.Join(
            ' ',
            plan.Actions.Select(a =>
                a switch
                {
                    CreateStatefulPod x => $"+{x.Pod.Metadata.Name}:{x.Pod.Metadata.Labels["controller-revision-hash"]}",
                    _ => Words(new([a], null)),
                }
            )
        );

    private static List<V1Pod> Pods(V1StatefulSet set, string states) =>
        [
            .. states
                .Select(
                    (state, ordinal) =>
                        state == '.'
                            ? null
                            : Pod(
                                set,
                                ordinal,
                                char.ToUpperInvariant(state) switch
                                {
                                    'R' => "ready",
                                    'S' => "starting",
                                    'P' => "pending",
                                    'F' => "failed",
                                    'X' => "succeeded",
                                    _ => "going",
                                },
                                char.IsLower(state) ? Old : New
                            )
                )
                .OfType<V1Pod>(),
        ];
}
