using k8s.Models;
using Petrel.Controllers.StatefulSets;
using Petrel.Workloads;
using static Petrel.Controllers.Tests.StatefulSets.StatefulSetObjects;

namespace Petrel.Controllers.Tests.StatefulSets;

/// <summary>The owners of claims by the retention policy.</summary>
public sealed class ClaimRetentionTests
{
    private static readonly V1OwnerReference Stranger = new()
    {
        ApiVersion = "v1",
        Kind = "Thing",
        Name = "x",
        Uid = "x",
        Controller = true,
    };

    // The owners: S the set, P the pod, s and p the same without control; "-" none.
    [Theory]
    [InlineData("Retain", "Retain", true, "-", null)]
    [InlineData("Retain", "Retain", true, "S", "-")]
    [InlineData("Retain", "Retain", false, "P", "-")]
    [InlineData("Delete", "Retain", true, "-", "S")]
    [InlineData("Delete", "Retain", true, "S", null)]
    [InlineData("Delete", "Retain", false, "-", "S")]
    [InlineData("Delete", "Retain", false, "SP", "S")]
    [InlineData("Delete", "Retain", true, "s", "S")]
    [InlineData("Retain", "Delete", true, "-", null)]
    [InlineData("Retain", "Delete", false, "-", "P")]
    [InlineData("Retain", "Delete", true, "P", "-")]
    [InlineData("Retain", "Delete", false, "P", null)]
    [InlineData("Delete", "Delete", true, "-", "S")]
    [InlineData("Delete", "Delete", false, "S", "P")]
    [InlineData("Delete", "Delete", true, "P", "S")]
    [InlineData("Delete", "Delete", false, "p", "P")]
    public void The_owner_follows_the_policy(string whenDeleted, string whenScaled, bool wanted, string owners, string? expected)
    {
        var set = WithPolicy(whenDeleted, whenScaled);
        var pod = Pod(set, 0);
        var correct = ClaimRetention.Correct(set, Claim(set, 0, References(set, pod, owners)), pod, wanted);
        Assert.Equal(expected, correct is null ? null : Letters(correct, set));
        Assert.All(correct ?? [], o => Assert.True(o.Controller));
    }

    [Fact]
    public void A_claim_with_another_controller_is_left_alone()
    {
        var set = WithPolicy("Delete", "Delete");
        var pod = Pod(set, 0);
        Assert.Null(ClaimRetention.Correct(set, Claim(set, 0, Stranger), pod, true));
        Assert.True(ClaimRetention.IsConflicting(set, Claim(set, 0, Stranger), pod));
        Assert.Equal([Stranger], ClaimRetention.Correct(set, Claim(set, 0, [Stranger, .. References(set, pod, "s")]), pod, true)!);
        Assert.False(ClaimRetention.IsConflicting(WithPolicy("Retain", "Retain"), Claim(set, 0, Stranger), pod));
    }

    [Fact]
    public void Other_owners_stay()
    {
        var set = WithPolicy("Delete", "Retain");
        var pod = Pod(set, 0);
        var other = new V1OwnerReference
        {
            ApiVersion = "v1",
            Kind = "Thing",
            Name = "x",
            Uid = "x",
        };
        Assert.Equal(["x", "set"], ClaimRetention.Correct(set, Claim(set, 0, other), pod, true)!.Select(o => o.Uid));
    }

    [Fact]
    public void A_claim_of_an_earlier_pod_is_left_alone_and_the_new_pod_waits_until_it_is_gone()
    {
        var set = WithPolicy("Retain", "Delete");
        var pod = Pod(set, 0);
        var earlier = new V1OwnerReference
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Name = "web-0",
            Uid = "earlier",
            Controller = true,
        };
        Assert.Null(ClaimRetention.Correct(set, Claim(set, 0, earlier), pod, true));
        Assert.True(ClaimRetention.IsStale(set, Claim(set, 0, earlier), "web-0", null));
        Assert.False(ClaimRetention.IsStale(WithPolicy("Retain", "Retain"), Claim(set, 0, earlier), "web-0", null));
        Assert.Equal("", Words(Plan(set, [], Settled, Claim(set, 0, earlier))));
    }

    [Fact]
    public void The_pod_waits_for_a_claim_of_an_earlier_set_with_every_policy()
    {
        var set = WithPolicy("Retain", "Retain");
        var earlier = new V1OwnerReference
        {
            ApiVersion = "apps/v1",
            Kind = "StatefulSet",
            Name = "web",
            Uid = "earlier",
            Controller = true,
        };
        Assert.True(ClaimRetention.IsStale(set, Claim(set, 0, earlier), "web-0", null));
        Assert.Equal("", Words(Plan(set, [], Settled, Claim(set, 0, earlier))));
    }

    [Fact]
    public void Scaling_down_gives_claims_to_their_pods_before_the_pods_go()
    {
        var set = WithPolicy("Retain", "Delete");
        set.Spec.Replicas = 1;
        Assert.Equal(
            "owners:data-web-2=[Pod] owners:data-web-1=[Pod] -web-2",
            Words(Plan(set, [Pod(set, 0), Pod(set, 1), Pod(set, 2)], Settled, Claim(set, 0), Claim(set, 1), Claim(set, 2)))
        );
    }

    [Fact]
    public void A_new_claim_has_its_owner_from_the_beginning()
    {
        var set = WithPolicy("Delete", "Delete");
        var claim = Assert.Single(Assert.IsType<CreateStatefulPod>(Assert.Single(Plan(set, []).Actions)).Claims);
        Assert.Equal(("StatefulSet", "set"), (Assert.Single(claim.Metadata.OwnerReferences).Kind, claim.Metadata.OwnerReferences[0].Uid));
    }

    private static V1StatefulSet WithPolicy(string whenDeleted, string whenScaled) => Set(1, s =>
        {
            WithClaims(s);
            s.Spec.PersistentVolumeClaimRetentionPolicy = new() { WhenDeleted = whenDeleted, WhenScaled = whenScaled };
        });

    private static V1OwnerReference[] References(V1StatefulSet set, V1Pod pod, string owners) =>
        [
            .. owners
                .Where(c => c != '-')
                .Select(c =>
                    char.ToUpperInvariant(c) == 'S'
                        ? new V1OwnerReference
                        {
                            ApiVersion = "apps/v1",
                            Kind = "StatefulSet",
                            Name = set.Metadata.Name,
                            Uid = set.Metadata.Uid,
                            Controller = char.IsUpper(c) ? true : null,
                        }
                        : new V1OwnerReference
                        {
                            ApiVersion = "v1",
                            Kind = "Pod",
                            Name = pod.Metadata.Name,
                            Uid = pod.Metadata.Uid,
                            Controller = char.IsUpper(c) ? true : null,
                        }
                ),
        ];

    private static string Letters(IReadOnlyList<V1OwnerReference> owners, V1StatefulSet set) =>
        owners.Count == 0 ? "-" : string.Concat(owners.Select(o => o.Uid == set.Metadata.Uid ? "S" : "P"));
}
