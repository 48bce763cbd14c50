using Petrel.Cli.Up;
using Petrel.LocalCluster;

namespace Petrel.Cli.Tests.Up;

public sealed class FailoverPaceTests
{
    private static readonly ClusterSettings Fresh = new()
    {
        Port = 6443,
        Nodes = 3,
        Runtime = "process",
    };

    [Fact]
    public void A_new_cluster_waits_as_long_for_a_silent_node_as_upstream() =>
        Assert.Equal(new(40, 10, 300), ClusterPreparation.PaceOf(new(), Fresh));

    [Fact]
    public void Fast_failover_is_kept_until_it_is_switched_off()
    {
        var fast = ClusterPreparation.PaceOf(new() { FastFailover = true }, Fresh);
        Assert.Equal(new(8, 2, 10), fast);
        var kept = Fresh with
        {
            NodeGraceSeconds = fast.NodeGraceSeconds,
            LeaseRenewSeconds = fast.LeaseRenewSeconds,
            EvictionSeconds = fast.EvictionSeconds,
        };
        Assert.Equal(fast, ClusterPreparation.PaceOf(new(), kept));
        Assert.Equal(new(40, 10, 300), ClusterPreparation.PaceOf(new() { FastFailover = false }, kept));
    }

    [Fact]
    public void A_grace_of_the_users_own_renews_leases_four_times_within_it() =>
        Assert.Equal(new(20, 5, 10), ClusterPreparation.PaceOf(new() { FastFailover = true, NodeGrace = 20 }, Fresh));

    [Fact]
    public async Task The_help_names_the_fast_pace_and_the_usual_one()
    {
        var help = await CommandLine.RunAsync("up", "--help");
        var text = string.Join(' ', help.Output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("--fast-failover", text);
        Assert.Contains("8 seconds, and its pods are replaced 10 seconds later (Kubernetes: 40 and 300)", text);
    }
}
