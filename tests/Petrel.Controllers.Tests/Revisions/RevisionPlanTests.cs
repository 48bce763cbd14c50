using CsCheck;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Revisions;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Revisions;

/// <summary>What a history lacks, and which revisions are beyond its limit.</summary>
public sealed class RevisionPlanTests
{
    [Fact]
    public void The_first_template_gets_number_one()
    {
        var plan = RevisionPlan.Compute(Owner("web:1"), []);
        Assert.Null(plan.Newest);
        Assert.Equal(1, plan.Number);
        Assert.True(plan.HasWork);
        var revision = RevisionPlan.Create(Owner("web:1"), plan.Number, null);
        var hash = revision.Metadata.Labels["controller.kubernetes.io/hash"];
        Assert.Equal($"web-{hash}", revision.Metadata.Name);
        Assert.Equal("web", revision.Metadata.Labels["app"]);
        Assert.Equal("because", revision.Metadata.Annotations["kubernetes.io/change-cause"]);
        Assert.Equal("set", Assert.Single(revision.Metadata.OwnerReferences).Uid);
    }

    [Fact]
    public void A_long_name_leaves_room_for_the_hash()
    {
        var owner = Owner("web:1");
        owner.Metadata.Name = new('a', 253);
        Assert.StartsWith(new string('a', 223) + "-", RevisionPlan.Create(owner, 1, null).Metadata.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_template_comes_after_all_others()
    {
        var plan = RevisionPlan.Compute(Owner("web:3"), [Revision("web:1", 4), Revision("web:2", 7)]);
        Assert.Null(plan.Newest);
        Assert.Equal(8, plan.Number);
    }

    [Fact]
    public void A_template_that_has_not_changed_needs_nothing()
    {
        var plan = RevisionPlan.Compute(Owner("web:2"), [Revision("web:1", 1), Revision("web:2", 2)]);
        Assert.False(plan.HasWork);
        Assert.Equal((2, 2), (plan.Newest!.Revision, plan.Number));
    }

    [Fact]
    public void A_rollback_reuses_the_old_revision_with_a_new_number()
    {
        var plan = RevisionPlan.Compute(Owner("web:1"), [Revision("web:1", 1), Revision("web:2", 2)]);
        Assert.True(plan.HasWork);
        Assert.Equal((1, 3), (plan.Newest!.Revision, plan.Number));
    }

    [Fact]
    public void Of_equal_revisions_the_newest_counts()
    {
        var plan = RevisionPlan.Compute(
            Owner("web:1"),
            [Revision("web:1", 3, name: "b"), Revision("web:1", 1, name: "a"), Revision("web:2", 2)]
        );
        Assert.Equal("b", plan.Newest!.Metadata.Name);
        Assert.Equal("a", Assert.Single(plan.Duplicates).Metadata.Name);
        Assert.False(plan.HasWork);
    }

    [Fact]
    public void Matching_orphans_are_adopted_and_revisions_of_others_are_left_alone()
    {
        var orphan = Revision("web:1", 1, owner: null);
        var foreign = Revision("web:1", 2, owner: "other");
        var unlike = Revision("web:2", 3, owner: null, label: "db");
        var plan = RevisionPlan.Compute(Owner("web:1"), [orphan, foreign, unlike]);
        Assert.Equal([orphan], plan.Adoption.Adopt);
        Assert.Empty(plan.Adoption.Release);
        Assert.Empty(plan.Adoption.Owned);
    }

    [Fact]
    public void Revisions_that_no_longer_match_are_released()
    {
        var unlike = Revision("web:1", 1, label: "db");
        Assert.Equal([unlike], RevisionPlan.Compute(Owner("web:1"), [unlike]).Adoption.Release);
    }

    [Fact]
    public void A_revision_that_is_being_deleted_does_not_count_but_its_number_is_used()
    {
        var leaving = Revision("web:1", 5);
        leaving.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        var plan = RevisionPlan.Compute(Owner("web:1"), [leaving]);
        Assert.Null(plan.Newest);
    }

    [Fact]
    public void A_stateful_sets_history_keeps_the_newest_unused_revisions()
    {
        V1ControllerRevision[] all = [.. Enumerable.Range(1, 6).Select(n => Revision($"web:{n}", n, name: $"r{n}"))];
        var surplus = RevisionPlan.Truncate(all, r => r.Metadata.Name is "r1" or "r6", 2, countLive: false);
        Assert.Equal(["r2", "r3"], surplus.Select(r => r.Metadata.Name));
    }

    [Fact]
    public void In_a_daemon_sets_history_revisions_in_use_count_towards_the_limit()
    {
        V1ControllerRevision[] all = [.. Enumerable.Range(1, 5).Select(n => Revision($"web:{n}", n, name: $"r{n}"))];
        var surplus = RevisionPlan.Truncate(all, r => r.Metadata.Name is "r1", 2, countLive: true);
        Assert.Equal(["r2", "r3", "r4"], surplus.Select(r => r.Metadata.Name));
        Assert.Empty(RevisionPlan.Truncate(all, _ => true, 0, countLive: true));
    }

    [Fact]
    public void Truncation_never_deletes_a_revision_in_use_and_never_too_many()
    {
        var revisions = Gen.Select(Gen.Int[1, 20], Gen.Bool).List[0, 12];
        Gen.Select(revisions, Gen.Int[0, 6], Gen.Bool)
            .Sample(
                (list, limit, countLive) =>
                {
                    var live = new HashSet<string>();
                    var all = list.Select(
                            (r, i) =>
                            {
                                var revision = Revision($"web:{i}", r.Item1, name: $"r{i}");
                                if (r.Item2)
                                {
                                    live.Add(revision.Metadata.Name);
                                }
                                return revision;
                            }
                        )
                        .ToList();
                    var surplus = RevisionPlan.Truncate(all, r => live.Contains(r.Metadata.Name), limit, countLive);
                    var kept = all.Except(surplus).Where(r => !live.Contains(r.Metadata.Name)).ToList();
                    return surplus.All(r => !live.Contains(r.Metadata.Name))
                        && surplus.All(gone => kept.All(stays => gone.Revision <= stays.Revision))
                        && (surplus.Count == 0 || all.Count - surplus.Count >= limit)
                        && (countLive || kept.Count <= limit);
                }
            );
    }

    private static RevisionOwner Owner(string image) =>
        new(
            new()
            {
                Name = "web",
                NamespaceProperty = "default",
                Uid = "set",
                Annotations = new Dictionary<string, string> { ["kubernetes.io/change-cause"] = "because" },
            },
            new()
            {
                ApiVersion = "apps/v1",
                Kind = "StatefulSet",
                Name = "web",
                Uid = "set",
                Controller = true,
                BlockOwnerDeletion = true,
            },
            new() { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
            Template(image),
            null,
            "controller.kubernetes.io/hash"
        );

    private static V1ControllerRevision Revision(
        string image,
        long number,
        string? owner = "set",
        string label = "web",
        string? name = null
    ) =>
        new()
        {
            Metadata = new()
            {
                Name = name ?? $"web-{number}",
                NamespaceProperty = "default",
                Labels = new Dictionary<string, string> { ["app"] = label },
                OwnerReferences = owner is null
                    ? null
                    :
                    [
                        new()
                        {
                            ApiVersion = "apps/v1",
                            Kind = "StatefulSet",
                            Name = "web",
                            Uid = owner,
                            Controller = true,
                        },
                    ],
            },
            Data = RevisionData.Of(Template(image)).ToData(),
            Revision = number,
        };

    private static V1PodTemplateSpec Template(string image) =>
        new()
        {
            Metadata = new() { Labels = new Dictionary<string, string> { ["app"] = "web" } },
            Spec = new() { Containers = [new() { Name = "web", Image = image }] },
        };
}
