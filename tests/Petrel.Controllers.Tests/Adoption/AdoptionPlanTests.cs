using k8s.Models;
using Petrel.Controllers.Adoption;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Adoption;

public sealed class AdoptionPlanTests
{
    [Theory]
    [InlineData("owner", true, "owned")]
    [InlineData("owner", false, "release")]
    [InlineData("other", true, "")]
    [InlineData("", true, "adopt")]
    [InlineData("", false, "")]
    public void The_controller_and_the_labels_decide(string controller, bool matches, string expected) =>
        Assert.Equal(expected, Classify(Pod(controller), matches));

    [Theory]
    [InlineData("owner", true, "owned")]
    [InlineData("owner", false, "")]
    [InlineData("", true, "")]
    public void An_owner_that_is_being_deleted_neither_adopts_nor_releases(string controller, bool matches, string expected) =>
        Assert.Equal(expected, Classify(Pod(controller), matches, ownerIsDeleting: true));

    [Fact]
    public void An_orphan_that_is_being_deleted_is_not_adopted() => Assert.Equal("", Classify(Pod("", isDeleting: true), matches: true));

    private static string Classify(V1Pod pod, bool matches, bool ownerIsDeleting = false)
    {
        var owner = new V1ObjectMeta { Uid = "owner", DeletionTimestamp = ownerIsDeleting ? DateTime.UnixEpoch : null };
        var plan = AdoptionPlan<V1Pod>.Compute(owner, [pod], _ => matches);
        Assert.Equal(plan.Adopt.Count + plan.Release.Count > 0, plan.HasWork);
        return plan switch
        {
            { Adopt: [_], Release: [], Owned: [] } => "adopt",
            { Adopt: [], Release: [_], Owned: [] } => "release",
            { Adopt: [], Release: [], Owned: [_] } => "owned",
            { Adopt: [], Release: [], Owned: [] } => "",
            _ => "several",
        };
    }

    private static V1Pod Pod(string controller, bool isDeleting = false) =>
        new()
        {
            Metadata = new()
            {
                Name = "pod",
                DeletionTimestamp = isDeleting ? DateTime.UnixEpoch : null,
                OwnerReferences = controller.Length == 0 ? null : [new() { Uid = controller, Controller = true }],
            },
        };
}
