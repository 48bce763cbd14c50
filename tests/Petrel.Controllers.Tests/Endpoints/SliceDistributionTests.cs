using CsCheck;
using k8s.Models;
using Petrel.Controllers.Endpoints;
using static Petrel.Controllers.Tests.Endpoints.EndpointObjects;

namespace Petrel.Controllers.Tests.Endpoints;

/// <summary>How endpoints are distributed over slices: few writes, full slices.</summary>
public sealed class SliceDistributionTests
{
    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(100, new[] { 100 })]
    [InlineData(101, new[] { 100, 1 })]
    [InlineData(250, new[] { 100, 100, 50 })]
    public void A_slice_holds_a_hundred_endpoints(int pods, int[] sizes) => Assert.Equal(sizes, Sizes(Plan(Service(), Pods(pods)).Create));

    [Fact]
    public void A_service_without_pods_has_one_empty_slice()
    {
        var slices = Settled(Service(), []);
        Assert.Empty(Assert.Single(slices).Endpoints);
        Assert.Empty(slices[0].Ports);
        Assert.True(Plan(Service(), [], slices).IsEmpty);
    }

    [Fact]
    public void The_first_pods_reuse_the_empty_slice()
    {
        var slices = Settled(Service(), []);
        var plan = Plan(Service(), Pods(2), slices);
        Assert.Equal((0, 1, 0), (plan.Create.Count, plan.Update.Count, plan.Delete.Count));
        Assert.Equal(slices[0].Metadata.Name, plan.Update[0].Metadata.Name);
        Assert.Equal(2, plan.Update[0].Endpoints.Count);
        Assert.Equal(8080, plan.Update[0].Ports[0].Port);
    }

    [Fact]
    public void When_the_last_pod_goes_one_slice_is_emptied_and_the_others_are_deleted()
    {
        var slices = Settled(Service(), Pods(150));
        var plan = Plan(Service(), [], slices);
        Assert.Equal((0, 1, 1), (plan.Create.Count, plan.Update.Count, plan.Delete.Count));
        Assert.Empty(plan.Update[0].Endpoints);
        Assert.Empty(plan.Update[0].Ports);
    }

    [Fact]
    public void A_changed_pod_writes_only_its_slice_and_moves_no_endpoints()
    {
        var pods = Pods(250).ToList();
        var slices = Settled(Service(), pods);
        pods[120] = Pod("p120", "10.0.0.121", ready: false);
        var plan = Plan(Service(), pods, slices);
        var update = Assert.Single(plan.Update);
        Assert.Empty(plan.Create);
        Assert.Empty(plan.Delete);
        var before = slices.Single(s => s.Metadata.Name == update.Metadata.Name);
        Assert.Equal(before.Endpoints.Select(e => e.TargetRef.Uid), update.Endpoints.Select(e => e.TargetRef.Uid));
        Assert.Equal("p120", Assert.Single(update.Endpoints, e => e.Conditions.Ready == false).TargetRef.Name);
    }

    [Fact]
    public void New_pods_go_to_the_slice_that_is_written_anyway()
    {
        var pods = Pods(150);
        var slices = Settled(Service(), pods);
        var plan = Plan(Service(), [.. pods.Skip(1), Pod("new", "10.9.0.1")], slices);
        var update = Assert.Single(plan.Update);
        Assert.Equal(100, update.Endpoints.Count);
        Assert.Contains(update.Endpoints, e => e.TargetRef.Name == "new");
        Assert.Empty(plan.Create);
    }

    [Fact]
    public void New_pods_go_to_the_fullest_slice_with_room_for_all_of_them()
    {
        var slices = Settled(Service(), Pods(150));
        var plan = Plan(Service(), Pods(180), slices);
        Assert.Empty(plan.Create);
        Assert.Equal(80, Assert.Single(plan.Update).Endpoints.Count);

        plan = Plan(Service(), Pods(210), slices);
        Assert.Empty(plan.Update);
        Assert.Equal(60, Assert.Single(plan.Create).Endpoints.Count);
    }

    [Fact]
    public void A_pod_that_was_created_again_under_its_name_is_another_endpoint()
    {
        var slices = Settled(Service(), [Pod("a")]);
        var plan = Plan(Service(), [Pod("a", change: p => p.Metadata.Uid = "another")], slices);
        Assert.Equal("another", Assert.Single(plan.Update.Concat(plan.Create)).Endpoints.Single().TargetRef.Uid);
    }

    [Fact]
    public void An_endpoint_that_is_in_two_slices_stays_in_one()
    {
        var one = Settled(Service(), [Pod("a")]);
        var twice = Apply(new([one[0]], [], []), one);
        var plan = Plan(Service(), [Pod("a")], twice);
        Assert.Equal((0, 0, 1), (plan.Create.Count, plan.Update.Count, plan.Delete.Count));
    }

    [Fact]
    public void Changes_of_a_slice_by_others_are_reverted()
    {
        var slices = Settled(Service(), [Pod("a")]);
        slices[0].Endpoints.Add(new() { Addresses = ["1.2.3.4"] });
        slices[0].Metadata.Labels["extra"] = "x";
        var update = Assert.Single(Plan(Service(), [Pod("a")], slices).Update);
        Assert.Equal(["10.0.0.1"], Assert.Single(update.Endpoints).Addresses);
        Assert.DoesNotContain("extra", update.Metadata.Labels.Keys);
    }

    [Fact]
    public void A_change_of_the_services_labels_or_ports_is_written_into_its_slices()
    {
        var slices = Settled(Service(), Pods(150));
        var labelled = Plan(Service(s => s.Metadata.Labels = new Dictionary<string, string> { ["a"] = "b" }), Pods(150), slices);
        Assert.Equal((0, 2, 0), (labelled.Create.Count, labelled.Update.Count, labelled.Delete.Count));
        Assert.All(labelled.Update, s => Assert.Equal("b", s.Metadata.Labels["a"]));
        var moved = Plan(Service(s => s.Spec.Ports[0].TargetPort = 9090), Pods(150), slices);
        Assert.Equal((0, 2, 0), (moved.Create.Count, moved.Update.Count, moved.Delete.Count));
        Assert.All(moved.Update, s => Assert.Equal(9090, s.Ports[0].Port));
    }

    [Fact]
    public void Slices_of_an_earlier_service_with_this_name_are_deleted()
    {
        var slices = Settled(Service(s => s.Metadata.Uid = "earlier"), [Pod("a")]);
        var plan = Plan(Service(), [Pod("a")], slices);
        Assert.Equal((1, 0, 1), (plan.Create.Count, plan.Update.Count, plan.Delete.Count));
    }

    [Fact]
    public void Slices_of_a_removed_address_family_are_deleted()
    {
        var slices = Settled(Service(s => s.Spec.IpFamilies = ["IPv4", "IPv6"]), [Pod("a")]);
        Assert.Equal("IPv6", Assert.Single(Plan(Service(), [Pod("a")], slices).Delete).AddressType);
    }

    [Fact]
    public void A_service_that_is_being_deleted_gets_no_new_slices()
    {
        var service = Service(s => s.Metadata.DeletionTimestamp = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.True(Plan(service, Pods(2)).IsEmpty);
    }

    /// <summary>
    /// Whatever the pods were before, each serving pod is afterwards in exactly one slice, with its ports, and no other pod is.
    /// </summary>
    [Fact]
    public void Every_pod_is_in_exactly_one_slice() =>
        Histories.Sample(
            history =>
            {
                var service = Service(s => s.Spec.Ports[0].TargetPort = "web");
                IReadOnlyList<V1EndpointSlice> slices = [];
                foreach (var pods in history.Select(step => step.Select(ToPod).DistinctBy(p => p.Metadata.Name).ToList()))
                {
                    slices = Apply(Plan(service, pods, slices), slices);

                    var wanted = pods.Where(p =>
                        p.Metadata.Labels["app"] == "web" && p.Status.Phase == "Running" && p.Status.PodIP is not null
                    );
                    var found = slices.SelectMany(s => s.Endpoints.Select(e => (e.TargetRef.Uid, s.Ports.SingleOrDefault()?.Port)));
                    Assert.Equal(
                        wanted.Select(p => (p.Metadata.Uid, Port(p))).OrderBy(p => p.Uid, StringComparer.Ordinal),
                        found.OrderBy(p => p.Uid, StringComparer.Ordinal)
                    );
                    Assert.All(slices, s => Assert.InRange(s.Endpoints.Count, slices.Count > 1 ? 1 : 0, EndpointSlicePlan.MaxEndpoints));
                    Assert.NotEmpty(slices);
                    Assert.True(Plan(service, pods, slices).IsEmpty);
                }
            },
            iter: 100
        );

    private sealed record PodChoice(int Name, int Port, bool Selected, bool Ready, string Phase, bool HasAddress);

    private static readonly Gen<List<List<PodChoice>>> Histories = Gen.Select(
            Gen.Int[0, 300],
            Gen.OneOfConst(0, 8080, 8080, 8080, 9090),
            Gen.Frequency((9, Gen.Const(true)), (1, Gen.Const(false))),
            Gen.Bool,
            Gen.Frequency((9, Gen.Const("Running")), (1, Gen.OneOfConst("Succeeded", "Failed"))),
            Gen.Frequency((9, Gen.Const(true)), (1, Gen.Const(false))),
            (name, port, selected, ready, phase, addressed) => new PodChoice(name, port, selected, ready, phase, addressed)
        )
        .List[0, 400]
        .List[1, 4];

    private static V1Pod ToPod(PodChoice choice) =>
        Pod($"p{choice.Name}", choice.HasAddress ? $"10.1.{choice.Name / 200}.{choice.Name % 200}" : null, choice.Ready, p =>
        {
            p.Metadata.Labels["app"] = choice.Selected ? "web" : "db";
            p.Status.Phase = choice.Phase;
            p.Spec.Containers[0].Ports = choice.Port == 0 ? null : [new() { Name = "web", ContainerPort = choice.Port }];
        });

    private static int? Port(V1Pod pod) => pod.Spec.Containers[0].Ports?.Single().ContainerPort;

    private static IEnumerable<int> Sizes(IEnumerable<V1EndpointSlice> slices) => slices.Select(s => s.Endpoints.Count);
}
