using Petrel.Client;
using Petrel.Controllers.GarbageCollection;
using Petrel.Workloads;
using static Petrel.Controllers.GarbageCollection.OwnerState;

namespace Petrel.Controllers.Tests.GarbageCollection;

public sealed class GarbagePlanTests
{
    [Fact]
    public void An_object_without_owners_stays() => Assert.IsType<GarbageAction.Keep>(GarbagePlan.Compute(Living(), [], []));

    [Theory]
    [InlineData(new[] { Solid }, "keep")]
    [InlineData(new[] { Solid, Solid }, "keep")]
    [InlineData(new[] { Absent }, "delete Background")]
    [InlineData(new[] { Absent, Absent }, "delete Background")]
    [InlineData(new[] { Absent, Solid }, "disown 0")]
    [InlineData(new[] { Absent, Solid, Absent }, "disown 0,2")]
    [InlineData(new[] { Solid, WaitsForDependents }, "disown 1")]
    [InlineData(new[] { Absent, WaitsForDependents, Solid }, "disown 0,1")]
    [InlineData(new[] { WaitsForDependents }, "delete Background")]
    [InlineData(new[] { Absent, WaitsForDependents }, "delete Background")]
    public void The_states_of_owners_decide_about_an_object_without_dependents(OwnerState[] owners, string expected) =>
        Assert.Equal(expected, Describe(GarbagePlan.Compute(Living(), Looks(owners), [])));

    [Theory]
    [InlineData(new[] { WaitsForDependents }, false, "delete Foreground")]
    [InlineData(new[] { WaitsForDependents, Absent }, false, "delete Foreground")]
    [InlineData(new[] { WaitsForDependents }, true, "unblock, delete Foreground")]
    [InlineData(new[] { Absent }, false, "delete Background")]
    [InlineData(new[] { Solid, Absent }, true, "disown 1")]
    public void An_owner_that_waits_has_its_dependents_wait_for_theirs(OwnerState[] owners, bool dependentWaits, string expected) =>
        Assert.Equal(expected, Describe(GarbagePlan.Compute(Living(), Looks(owners), [new("d", true, dependentWaits)])));

    [Theory]
    [InlineData(GarbagePlan.OrphanFinalizer, "delete Orphan")]
    [InlineData(GarbagePlan.ForegroundFinalizer, "delete Foreground")]
    [InlineData("example.com/other", "delete Background")]
    public void The_finalizers_of_garbage_choose_how_it_is_deleted(string finalizer, string expected) =>
        Assert.Equal(expected, Describe(GarbagePlan.Compute(Living(finalizer), Looks([Absent]), [])));

    [Fact]
    public void An_object_that_is_being_deleted_already_is_left_alone() =>
        Assert.Equal("keep", Describe(GarbagePlan.Compute(Ending("example.com/other"), [], [new("d", true, false)])));

    [Fact]
    public void Foreground_deletion_waits_for_blocking_dependents_only()
    {
        var document = Ending(GarbagePlan.ForegroundFinalizer);
        Assert.Equal(
            "await a",
            Describe(GarbagePlan.Compute(document, [], [new("a", true, false), new("b", false, false), new("c", true, true)]))
        );
        Assert.Equal("await ", Describe(GarbagePlan.Compute(document, [], [new("c", true, true)])));
        Assert.Equal("release foregroundDeletion", Describe(GarbagePlan.Compute(document, [], [new("b", false, false)])));
        Assert.Equal("release foregroundDeletion", Describe(GarbagePlan.Compute(document, [], [])));
    }

    [Fact]
    public void Orphaning_concerns_all_dependents() =>
        Assert.Equal(
            "orphan a,b",
            Describe(GarbagePlan.Compute(Ending(GarbagePlan.OrphanFinalizer), [], [new("a", true, false), new("b", false, false)]))
        );

    private static ObjectMetadata Living(params string[] finalizers) => new(new("default", "x"), "x", "1", false, [.. finalizers], []);

    private static ObjectMetadata Ending(params string[] finalizers) => Living(finalizers) with { IsDeleting = true };

    private static List<OwnerStatus> Looks(OwnerState[] states) =>
        [.. states.Select((state, i) => new OwnerStatus(new("v1", "ConfigMap", $"owner{i}", i.ToString()), state))];

    private static string Describe(GarbageAction action) =>
        action switch
        {
            GarbageAction.Delete delete => (delete.UnblockFirst ? "unblock, " : "") + $"delete {delete.PropagationPolicy}",
            GarbageAction.RemoveOwners remove => $"disown {string.Join(',', remove.OwnerUids)}",
            GarbageAction.WaitForDependents wait => $"await {string.Join(',', wait.DependentUids)}",
            GarbageAction.Orphan orphan => $"orphan {string.Join(',', orphan.DependentUids)}",
            GarbageAction.RemoveFinalizer remove => $"release {remove.Finalizer}",
            _ => "keep",
        };
}
