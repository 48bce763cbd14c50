using Petrel.Simulation.Invariants;

namespace Petrel.Simulation.Tests.Invariants;

public sealed class AmountRuleTests
{
    [Fact]
    public void Pods_that_are_bound_beyond_a_nodes_cpu_are_found_and_finished_ones_give_theirs_back()
    {
        var feed = new CommitFeed(facts => new CapacityInvariant(facts));
        feed.Put(
            "/registry/core/nodes/node1",
            """{"metadata":{"name":"node1","uid":"n1"},"status":{"allocatable":{"cpu":"1","memory":"1Gi","pods":"3"}}}"""
        );
        Assert.Null(feed.Pod(new("a") { Node = "node1", Cpu = "600m" }));
        Assert.Null(feed.Pod(new("b") { Cpu = "600m" }));
        Assert.Contains("1200 of cpu", feed.Pod(new("b") { Node = "node1", Cpu = "600m" }), StringComparison.Ordinal);
        Assert.Null(
            feed.Pod(
                new("a")
                {
                    Node = "node1",
                    Cpu = "600m",
                    Phase = "Succeeded",
                }
            )
        );
        Assert.Null(feed.Pod(new("c") { Node = "node1", Cpu = "400m" }));
        Assert.Null(feed.Pod(new("d") { Node = "node1", Cpu = "0" }));
        Assert.Contains("4 of pods", feed.Pod(new("e") { Node = "node1", Cpu = "0" }), StringComparison.Ordinal);
    }

    [Fact]
    public void What_comes_beyond_a_quota_is_found_once_its_status_says_the_limit()
    {
        var feed = new CommitFeed(facts => new QuotaInvariant(facts));
        feed.Put("/registry/core/resourcequotas/default/q", """{"metadata":{"name":"q","uid":"q"},"spec":{"hard":{"pods":"1"}}}""");
        Assert.Null(feed.Pod(new("a")));
        Assert.Null(feed.Pod(new("b") { Phase = "Failed" }));
        feed.Put(
            "/registry/core/resourcequotas/default/q",
            """{"metadata":{"name":"q","uid":"q"},"status":{"hard":{"pods":"1","requests.cpu":"150m","count/configmaps":"1"}}}"""
        );
        Assert.NotNull(feed.Pod(new("c")));
        feed.Delete("/registry/core/pods/default/c");
        feed.Delete("/registry/core/pods/default/a");
        Assert.Null(feed.Pod(new("d")));
        Assert.NotNull(feed.Pod(new("e") { Cpu = "100m" }));
        Assert.Null(feed.Put("/registry/core/configmaps/default/x", """{"metadata":{"name":"x","uid":"x"}}"""));
        Assert.NotNull(feed.Put("/registry/core/configmaps/default/y", """{"metadata":{"name":"y","uid":"y"}}"""));
        Assert.Null(feed.Put("/registry/core/configmaps/other/z", """{"metadata":{"name":"z","uid":"z"}}"""));
    }
}
