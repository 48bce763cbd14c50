using Petrel.Client;
using Petrel.Controllers.GarbageCollection;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.GarbageCollection;

public sealed class OwnerGraphTests
{
    private static readonly ResourceKind ConfigMaps = new(new("", "v1", "ConfigMap"), "configmaps", true, [], true);
    private static readonly ResourceKind Nodes = new(new("", "v1", "Node"), "nodes", false, [], true);

    private readonly List<string> _queued = [];
    private readonly List<string> _misplaced = [];
    private readonly OwnerGraph _graph;

    public OwnerGraphTests() => _graph = new(_queued.Add, (node, link) => _misplaced.Add($"{node.Metadata.Uid} of {link.Uid}"));

    [Fact]
    public void A_dependent_of_a_known_owner_is_not_checked()
    {
        Put(Map("a"));
        Put(Map("b", [Link("a")]));
        Assert.Empty(Queued());
    }

    [Fact]
    public void A_dependent_of_an_unknown_owner_is_checked()
    {
        Put(Map("b", [Link("a")]));
        Assert.Equal(["b"], Queued());
    }

    [Fact]
    public void When_an_owner_is_gone_its_dependents_are_checked_by_uid()
    {
        Put(Map("a"));
        Put(Map("c", [Link("a")]));
        Put(Map("b", [Link("a")]));
        Gone(Map("a"));
        Assert.Equal(["b", "c"], Queued());
    }

    [Fact]
    public void A_reference_with_another_name_for_the_owner_is_checked()
    {
        Put(Map("a"));
        Put(Map("b", [Link("a") with { Name = "other" }]));
        Put(Map("c", [Link("a") with { ApiVersion = "apps/v1" }]));
        Put(Map("d", [Link("a") with { Kind = "Secret" }]));
        Assert.Equal(["b", "c", "d"], Queued());
        Assert.Empty(_misplaced);
    }

    [Fact]
    public void An_owner_in_another_namespace_is_reported_whichever_is_seen_first()
    {
        Put(Map("b", [Link("a")]));
        Put(Map("a", ns: "other"));
        Assert.Equal(["b of a"], _misplaced);
        Put(Map("c", [Link("a")]));
        Assert.Equal(["b of a", "c of a"], _misplaced);
        Assert.Equal(["b", "b", "c"], Queued());
    }

    [Fact]
    public void A_cluster_scoped_owner_is_valid_for_all_namespaces()
    {
        _graph.Observe(Nodes, new(null, Map("n", ns: "")));
        Put(Map("b", [new("v1", "Node", "n", "n")]));
        Assert.Empty(Queued());
        Assert.Empty(_misplaced);
    }

    [Fact]
    public void Foreground_deletion_checks_dependents_and_owner_once()
    {
        Put(Map("a"));
        Put(Map("b", [Link("a")]));
        var ending = Map("a") with { IsDeleting = true, Finalizers = [GarbagePlan.ForegroundFinalizer] };
        Put(ending);
        Put(ending with { ResourceVersion = "2" });
        Assert.Equal(["b", "a"], Queued());
    }

    [Fact]
    public void A_waiting_owner_is_checked_when_nothing_blocks_it_any_more()
    {
        Put(Map("a") with { IsDeleting = true, Finalizers = [GarbagePlan.ForegroundFinalizer] });
        var blocking = Map("b", [Link("a") with { BlockOwnerDeletion = true }]);
        Put(blocking);
        Put(Map("c", [Link("a") with { BlockOwnerDeletion = true }]));
        Queued();
        Put(Map("b", [Link("a") with { BlockOwnerDeletion = false }]));
        Assert.Contains("a", Queued());
        Put(Map("b"));
        Queued();
        Gone(Map("c", [Link("a")]));
        Assert.Equal(["a"], Queued());
    }

    [Fact]
    public void Orphaning_checks_the_owner()
    {
        Put(Map("a"));
        Put(Map("b", [Link("a")]));
        Put(Map("a") with { IsDeleting = true, Finalizers = [GarbagePlan.OrphanFinalizer] });
        Assert.Equal(["a"], Queued());
    }

    [Fact]
    public void Nothing_depends_on_itself()
    {
        Put(Map("a", [Link("a")]));
        Assert.Empty(_graph.DependentsOf("a"));
    }

    private void Put(ObjectMetadata value) => _graph.Observe(ConfigMaps, new(null, value));

    private void Gone(ObjectMetadata value) => _graph.Observe(ConfigMaps, new(value, null));

    private List<string> Queued()
    {
        List<string> queued = [.. _queued];
        _queued.Clear();
        return queued;
    }

    private static OwnerLink Link(string uid) => new("v1", "ConfigMap", uid, uid);

    private static ObjectMetadata Map(string uid, OwnerLink[]? owners = null, string ns = "default") =>
        new(new(ns, uid), uid, "1", false, [], [.. owners ?? []]);
}
