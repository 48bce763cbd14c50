using Petrel.Simulation.Invariants;

namespace Petrel.Simulation.Tests.Invariants;

public sealed class BudgetInvariantTests
{
    private readonly CommitFeed _feed = new(facts => new BudgetInvariant(facts));

    public BudgetInvariantTests()
    {
        _feed.Put("/registry/apps/replicasets/default/web", """{"metadata":{"name":"web","uid":"owner"},"spec":{"replicas":4}}""");
        foreach (var name in new[] { "a", "b", "c", "d" })
        {
            _feed.Pod(new(name));
        }
    }

    [Fact]
    public void One_eviction_too_many_is_found()
    {
        Budget("\"minAvailable\":2", healthy: 4, desired: 2);
        Assert.Null(Evict("a"));
        Assert.Null(Evict("b"));
        Assert.Contains("has 1 healthy pods and demands 2", Evict("c"), StringComparison.Ordinal);
    }

    [Fact]
    public void Percentages_are_of_what_the_controllers_want_and_rounded_up()
    {
        Budget("\"maxUnavailable\":\"30%\"", healthy: 4, desired: 2);
        Assert.Null(Evict("a"));
        Assert.Null(Evict("b"));
        Assert.NotNull(Evict("c"));
    }

    [Fact]
    public void A_loss_that_the_status_does_not_show_yet_is_forgiven_and_one_that_it_shows_is_not()
    {
        Budget("\"minAvailable\":3", healthy: 4, desired: 3);
        _feed.Pod(new("a") { Ready = false });
        Assert.Null(Evict("b"));
        _feed.Pod(new("b"));
        Budget("\"minAvailable\":3", healthy: 3, desired: 3);
        Assert.NotNull(Evict("b"));
    }

    [Fact]
    public void Evicting_what_is_not_healthy_or_not_covered_takes_nothing()
    {
        _feed.Pod(new("a") { Ready = false });
        Budget("\"minAvailable\":3", healthy: 3, desired: 3);
        Assert.Null(Evict("a", ready: false));
        _feed.Pod(new("other") { Labels = """{"app":"other"}""" });
        Assert.Null(
            _feed.Pod(
                new("other")
                {
                    Labels = """{"app":"other"}""",
                    Terminating = true,
                    Disruption = "EvictionByEvictionAPI",
                }
            )
        );
    }

    private string? Evict(string name, bool ready = true) =>
        _feed.Pod(
            new(name)
            {
                Terminating = true,
                Disruption = "EvictionByEvictionAPI",
                Ready = ready,
            }
        );

    private void Budget(string bound, int healthy, int desired) =>
        Assert.Null(
            _feed.Put(
                "/registry/policy/poddisruptionbudgets/default/web",
                $$$"""
                {"metadata":{"name":"web","namespace":"default","uid":"b","generation":1},
                "spec":{"selector":{"matchLabels":{"app":"web"}},{{{bound}}}},
                 "status":{"observedGeneration":1,"currentHealthy":{{{healthy}}},"desiredHealthy":{{{desired}}}}}
                """
            )
        );
}
