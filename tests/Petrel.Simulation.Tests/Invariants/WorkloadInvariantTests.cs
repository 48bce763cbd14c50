using Petrel.Simulation.Invariants;

namespace Petrel.Simulation.Tests.Invariants;

public sealed class WorkloadInvariantTests
{
    [Fact]
    public void A_rolling_update_that_removes_a_healthy_pod_too_many_is_found_and_a_lost_one_is_not_its_fault()
    {
        var feed = new CommitFeed(facts => new AvailabilityInvariant(facts));
        void Deployment(int available) =>
            feed.Put(
                "/registry/apps/deployments/default/web",
                $$$"""
                {"metadata":{"name":"web","uid":"d","generation":1},"spec":{"replicas":3,"strategy":{"rollingUpdate":{"maxUnavailable":1,
                "maxSurge":1} } },
                 "status":{"observedGeneration":1,"replicas":3,"updatedReplicas":3,"availableReplicas":{{{available}}}}}
                """
            );
        void Set(int replicas) =>
            feed.Put(
                "/registry/apps/replicasets/default/web-1",
                $$$"""
                {"metadata":{"name":"web-1","uid":"owner","ownerReferences":[{"kind":"Deployment","uid":"d","controller":true}]},
                "spec":{"replicas":{{{replicas}}}}}
                """
            );
        Set(3);
        foreach (var name in new[] { "a", "b", "c" })
        {
            feed.Pod(new(name));
        }
        Deployment(available: 3);
        Set(0);
        Assert.Null(feed.Pod(new("a") { Terminating = true }));
        Assert.Contains("has 1 healthy pods", feed.Pod(new("b") { Terminating = true }), StringComparison.Ordinal);
        feed.Pod(new("b"));
        feed.Pod(new("a"));
        feed.Pod(new("c") { Ready = false });
        Assert.Null(feed.Pod(new("a") { Terminating = true }));
    }

    [Fact]
    public void Members_of_a_stateful_set_come_in_order_and_go_in_order()
    {
        var feed = new CommitFeed(facts => new StatefulSetInvariant(facts));
        feed.Put("/registry/apps/statefulsets/default/db", StatefulSet(replicas: 3));
        Assert.Contains("before db-0 was ready", feed.Pod(Member(1)), StringComparison.Ordinal);
        feed.Delete(Member(1).Key);
        Assert.Null(feed.Pod(Member(0)));
        Assert.Null(feed.Pod(Member(1)));
        Assert.Null(feed.Pod(Member(2)));
        Assert.NotNull(feed.Pod(Member(3)));
        feed.Delete(Member(3).Key);
        feed.Put("/registry/apps/statefulsets/default/db", StatefulSet(replicas: 1));
        Assert.Contains("removed db-1 before db-2", feed.Pod(Member(1) with { Terminating = true }), StringComparison.Ordinal);
        Assert.Null(feed.Pod(Member(2) with { Terminating = true }));
    }

    [Fact]
    public void A_rolling_update_of_members_leaves_those_below_the_partition_and_takes_one_at_a_time()
    {
        var feed = new CommitFeed(facts => new StatefulSetInvariant(facts));
        feed.Put("/registry/apps/statefulsets/default/db", StatefulSet(replicas: 4, partition: 1));
        foreach (var ordinal in Enumerable.Range(0, 4))
        {
            feed.Pod(Member(ordinal));
        }
        Assert.Null(feed.Pod(Member(3) with { Terminating = true }));
        Assert.Contains("has 1 healthy members of 3", feed.Pod(Member(2) with { Terminating = true }), StringComparison.Ordinal);
        Assert.Contains("below the partition", feed.Pod(Member(0) with { Terminating = true }), StringComparison.Ordinal);
        // An eviction is not part of a rolling update.
        Assert.Null(feed.Pod(Member(1) with { Terminating = true, Disruption = "EvictionByEvictionAPI" }));
    }

    [Fact]
    public void A_deletion_that_was_sent_while_the_set_was_smaller_may_arrive_after_it_grew_again()
    {
        var feed = new CommitFeed(facts => new StatefulSetInvariant(facts));
        void Set(int replicas) => feed.Put("/registry/apps/statefulsets/default/db", StatefulSet(replicas, partition: 2));
        Set(2);
        feed.Pod(Member(0));
        feed.Pod(Member(1));
        Set(0);
        Set(2);
        Assert.Null(feed.Pod(Member(1) with { Terminating = true }));
        feed.Delete(Member(1).Key);

        // Its successor has never been too many, and neither has a member that came with the larger size.
        feed.Pod(Member(1) with { Uid = "successor" });
        Assert.Contains(
            "below the partition",
            feed.Pod(Member(1) with { Uid = "successor", Terminating = true }),
            StringComparison.Ordinal
        );
        // A rolling update may remove a lower one first: the higher ones are new already.
        Assert.Null(feed.Pod(Member(0) with { Terminating = true }));
        feed.Pod(Member(0) with { Uid = "again" });
        // Scaling down happens in order all the same.
        feed.Pod(Member(1) with { Uid = "third" });
        Set(0);
        Assert.Contains(
            "removed db-0 before db-1",
            feed.Pod(Member(0) with { Uid = "again", Terminating = true }),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_second_daemon_on_a_node_is_found_but_for_a_surge()
    {
        var feed = new CommitFeed(facts => new DaemonInvariant(facts));
        feed.Put("/registry/apps/daemonsets/default/agent", DaemonSet(surge: 0, unavailable: 1, desired: 2));
        Assert.Null(feed.Pod(Daemon("a", "node1", "1")));
        Assert.NotNull(feed.Pod(Daemon("b", "node1", "2")));
        feed.Delete(Daemon("b", "node1", "2").Key);
        feed.Put("/registry/apps/daemonsets/default/agent", DaemonSet(surge: 1, unavailable: 0, desired: 2));
        Assert.Null(feed.Pod(Daemon("c", "node2", "1")));
        Assert.Null(feed.Pod(Daemon("d", "node1", "2")));
        Assert.NotNull(feed.Pod(Daemon("e", "node2", "2")));
        Assert.NotNull(feed.Pod(Daemon("f", "", "2")));
    }

    [Fact]
    public void A_daemon_update_on_more_nodes_than_may_be_unavailable_is_found()
    {
        var feed = new CommitFeed(facts => new DaemonInvariant(facts));
        foreach (var number in new[] { 1, 2, 3 })
        {
            feed.Put($"/registry/core/nodes/node{number}", $$$"""{"metadata":{"name":"node{{{number}}}","uid":"n{{{number}}}"}}""");
        }
        feed.Put("/registry/apps/daemonsets/default/agent", DaemonSet(surge: 0, unavailable: 1, desired: 3));
        foreach (var number in new[] { 1, 2, 3 })
        {
            feed.Pod(Daemon($"d{number}", $"node{number}", "1"));
        }
        Assert.Null(feed.Pod(Daemon("d1", "node1", "1") with { Terminating = true }));
        Assert.Contains(
            "healthy on 1 nodes of 3",
            feed.Pod(Daemon("d2", "node2", "1") with { Terminating = true }),
            StringComparison.Ordinal
        );
        // A node that it is not for any more must lose its daemon.
        feed.Pod(Daemon("d2", "node2", "1"));
        feed.Put(
            "/registry/core/nodes/node2",
            """{"metadata":{"name":"node2","uid":"n2"},"spec":{"taints":[{"key":"maintenance","effect":"NoExecute"}]}}"""
        );
        Assert.Null(feed.Pod(Daemon("d2", "node2", "1") with { Terminating = true }));
    }

    [Fact]
    public void A_lost_node_needs_no_daemon_and_leaves_the_bound_to_the_others()
    {
        var feed = new CommitFeed(facts => new DaemonInvariant(facts));
        feed.Put("/registry/apps/daemonsets/default/agent", DaemonSet(surge: 0, unavailable: 1, desired: 3));
        foreach (var number in new[] { 1, 2, 3 })
        {
            feed.Put($"/registry/core/nodes/node{number}", $$$"""{"metadata":{"name":"node{{{number}}}","uid":"n{{{number}}}"}}""");
            feed.Pod(Daemon($"d{number}", $"node{number}", "1"));
        }
        Assert.Null(feed.Pod(Daemon("d1", "node1", "1") with { Terminating = true }));
        feed.Put(
            "/registry/core/nodes/node1",
            """
            {"metadata":{"name":"node1","uid":"n1"},"spec":{"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoSchedule"},
             {"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}]}}
            """
        );

        Assert.Null(feed.Pod(Daemon("d2", "node2", "1") with { Terminating = true }));
        Assert.Contains(
            "healthy on 0 nodes of 2",
            feed.Pod(Daemon("d3", "node3", "1") with { Terminating = true }),
            StringComparison.Ordinal
        );
    }

    private static string StatefulSet(int replicas, int partition = 0) =>
        $$$"""
            {"metadata":{"name":"db","uid":"owner","generation":1},"spec":{"replicas":{{{replicas}}},
            "updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":{{{partition}}} } } } }
            """;

    private static PodShape Member(int ordinal) => new($"db-{ordinal}") { OwnerKind = "StatefulSet" };

    private static string DaemonSet(int surge, int unavailable, int desired) =>
        $$$"""
            {"metadata":{"name":"agent","uid":"owner","generation":1},
             "spec":{"template":{"spec":{"containers":[]}},"updateStrategy":{"type":"RollingUpdate",
             "rollingUpdate":{"maxSurge":{{{surge}}},"maxUnavailable":{{{unavailable}}} } } },
             "status":{"desiredNumberScheduled":{{{desired}}}}}
            """;

    private static PodShape Daemon(string name, string node, string hash) =>
        new(name)
        {
            OwnerKind = "DaemonSet",
            Node = node,
            Labels = $$"""{"controller-revision-hash":"{{hash}}"}""",
        };
}
