using Petrel.Simulation.Invariants;

namespace Petrel.Simulation.Tests.Invariants;

public sealed class RunRuleTests
{
    private readonly CommitFeed _feed = new(facts => new PlacementInvariant(facts));
    private readonly RunningPods _running;

    public RunRuleTests()
    {
        _running = new(_feed.Facts, [new PlacementInvariant(_feed.Facts), new IdentityRule(), new ClaimRule(_feed.Facts)]);
    }

    [Fact]
    public void A_pod_that_moves_or_runs_elsewhere_is_found()
    {
        Assert.Null(_feed.Pod(new("a") { Uid = "u1", Node = "node1" }));
        Assert.Empty(Start("u1", "node1"));
        Assert.Equal("placement", Assert.Single(Start("u1", "node2")));
        _running.NodeLost("node2");
        Assert.Empty(Start("u1", "node1"));
        Assert.Equal("placement", Assert.Single(Start("u2", "node1")));
        Assert.NotNull(_feed.Pod(new("a") { Uid = "u1", Node = "node2" }));
    }

    [Fact]
    public void A_name_that_runs_while_its_former_pod_still_does_is_found_even_when_that_is_gone_from_the_API()
    {
        var formerRuns = true;
        _feed.Pod(
            new("db-0")
            {
                Uid = "u1",
                Node = "node1",
                OwnerKind = "StatefulSet",
            }
        );
        Assert.Empty(Start("u1", "node1", () => formerRuns));
        _feed.Delete("/registry/core/pods/default/db-0");
        _feed.Pod(
            new("db-0")
            {
                Uid = "u2",
                Node = "node2",
                OwnerKind = "StatefulSet",
            }
        );
        Assert.Equal("identity", Assert.Single(Start("u2", "node2")));
        formerRuns = false;
        Assert.Empty(Start("u2", "node2"));
    }

    [Fact]
    public void A_claim_for_one_node_is_not_mounted_on_two_and_one_for_one_pod_not_by_two()
    {
        Claim("disk", "ReadWriteOnce");
        Claim("own", "ReadWriteOncePod");
        Claim("shared", "ReadWriteMany");
        foreach (
            var (name, node, claim) in new[]
            {
                ("a", "node1", "disk"),
                ("b", "node1", "disk"),
                ("c", "node2", "disk"),
                ("d", "node1", "own"),
                ("e", "node1", "own"),
                ("f", "node1", "shared"),
                ("g", "node2", "shared"),
            }
        )
        {
            _feed.Pod(new(name) { Node = node, Claim = claim });
        }
        Assert.Empty(Start("a", "node1"));
        Assert.Empty(Start("b", "node1"));
        Assert.Equal("claims", Assert.Single(Start("c", "node2")));
        Assert.Empty(Start("d", "node1"));
        Assert.Equal("claims", Assert.Single(Start("e", "node1")));
        Assert.Empty(Start("f", "node1"));
        Assert.Empty(Start("g", "node2"));
        _running.Stopped("a", "node1");
        _running.NodeLost("node1");
        Assert.Empty(Start("c", "node2"));
    }

    private void Claim(string name, string mode) =>
        _feed.Put(
            $"/registry/core/persistentvolumeclaims/default/{name}",
            $$$"""{"metadata":{"name":"{{{name}}}","namespace":"default","uid":"claim-{{{name}}}"},"spec":{"accessModes":["{{{mode}}}"]}}"""
        );

    private List<string> Start(string uid, string node, Func<bool>? isRunning = null) =>
        [.. _running.Started(uid, node, isRunning ?? (static () => true)).Select(p => p.Rule)];
}
