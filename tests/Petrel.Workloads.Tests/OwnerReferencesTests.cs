using k8s.Models;

namespace Petrel.Workloads.Tests;

public sealed class OwnerReferencesTests
{
    [Fact]
    public void The_controller_is_the_owner_that_says_so()
    {
        var pod = Pod(Owner("a"), Owner("b", controller: false), Owner("c", controller: true));
        Assert.Equal("c", pod.ControllerReference()?.Uid);
        Assert.True(pod.IsControlledBy("c"));
        Assert.False(pod.IsControlledBy("a"));
        Assert.Null(Pod(Owner("a")).ControllerReference());
        Assert.False(Pod().IsControlledBy("a"));
        Assert.Null(new V1Pod { Metadata = new() }.ControllerReference());
    }

    [Fact]
    public void A_reference_to_a_controller_blocks_its_deletion()
    {
        var set = new V1ReplicaSet
        {
            Metadata = new() { Name = "web", Uid = "u1" },
        };
        var reference = OwnerReferences.ToController(set);
        Assert.Equal(("apps/v1", "ReplicaSet", "web", "u1"), (reference.ApiVersion, reference.Kind, reference.Name, reference.Uid));
        Assert.True(reference is { Controller: true, BlockOwnerDeletion: true });
        var service = OwnerReferences.ToController(
            new V1Service
            {
                Metadata = new() { Name = "s", Uid = "u2" },
            }
        );
        Assert.Equal(("v1", "Service"), (service.ApiVersion, service.Kind));
    }

    [Fact]
    public void Owners_are_added_and_removed_in_new_lists()
    {
        var pod = Pod(Owner("a"), Owner("b"));
        Assert.Equal(["a", "b", "c"], pod.OwnersWith(Owner("c")).Select(o => o.Uid));
        Assert.Equal(["b"], pod.OwnersWithout("a").Select(o => o.Uid));
        Assert.Equal(["a", "b"], pod.Metadata.OwnerReferences.Select(o => o.Uid));
        var bare = new V1Pod { Metadata = new() };
        Assert.Equal(["c"], bare.OwnersWith(Owner("c")).Select(o => o.Uid));
        Assert.Empty(bare.OwnersWithout("a"));
    }

    private static V1Pod Pod(params V1OwnerReference[] owners) => new() { Metadata = new() { OwnerReferences = owners } };

    private static V1OwnerReference Owner(string uid, bool? controller = null) => new() { Uid = uid, Controller = controller };
}
