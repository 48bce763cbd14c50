using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Nodes;

namespace Petrel.LocalCluster.Tests.Nodes;

public sealed class NodeCgroupsTests
{
    private const string Mount = "/sys/fs/cgroup";

    [NamespaceFact]
    public async Task No_group_of_the_cluster_is_left_in_any_hierarchy()
    {
        // A number that no cluster gets: they are from 0.
        var range = new ClusterRange(1000);
        var hierarchies = File.Exists($"{Mount}/cgroup.controllers") ? [Mount] : Directory.GetDirectories(Mount);
        foreach (var hierarchy in hierarchies)
        {
            Directory.CreateDirectory($"{hierarchy}/{NodeCgroups.PathOf(range.Number, "node-1")}/poda/container");
            Directory.CreateDirectory($"{hierarchy}/{NodeCgroups.PathOf(range.Number, "node-2")}");
        }

        await NodeCgroups.RemoveAsync(range, TestContext.Current.CancellationToken);

        Assert.DoesNotContain(hierarchies, hierarchy => Directory.Exists($"{hierarchy}/petrel/{range.Number}"));
    }
}
