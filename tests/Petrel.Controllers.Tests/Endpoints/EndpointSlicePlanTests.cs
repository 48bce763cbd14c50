using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Endpoints;
using Petrel.Workloads;
using static Petrel.Controllers.Tests.Endpoints.EndpointObjects;

namespace Petrel.Controllers.Tests.Endpoints;

/// <summary>Which pods are endpoints, and what their endpoints contain.</summary>
public sealed class EndpointSlicePlanTests
{
    [Fact]
    public void A_slice_has_the_labels_of_its_service_and_the_endpoints_of_its_pods()
    {
        var service = Service(s =>
            s.Metadata.Labels = new Dictionary<string, string> { ["tier"] = "front", ["service.kubernetes.io/headless"] = "stale" }
        );
        var plan = Plan(service, [Pod("a")]);
        var slice = Assert.Single(plan.Create);
        Assert.Equal("web-", slice.Metadata.GenerateName);
        Assert.Equal("default", slice.Metadata.NamespaceProperty);
        Assert.Equal(
            [
                ("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"),
                ("kubernetes.io/service-name", "web"),
                ("tier", "front"),
            ],
            slice.Metadata.Labels.Select(l => (l.Key, l.Value)).OrderBy(l => l.Key, StringComparer.Ordinal)
        );
        var owner = Assert.Single(slice.Metadata.OwnerReferences);
        Assert.Equal(
            ("v1", "Service", "web", "service-uid", true, true),
            (owner.ApiVersion, owner.Kind, owner.Name, owner.Uid, owner.Controller, owner.BlockOwnerDeletion)
        );
        Assert.Equal("IPv4", slice.AddressType);
        var port = Assert.Single(slice.Ports);
        Assert.Equal(("http", 8080, "TCP"), (port.Name, port.Port, port.Protocol));
        var endpoint = Assert.Single(slice.Endpoints);
        Assert.Equal(["10.0.0.1"], endpoint.Addresses);
        Assert.Equal((Node, "z1"), (endpoint.NodeName, endpoint.Zone));
        Assert.Equal(
            ("Pod", "default", "a", "uid-a"),
            (endpoint.TargetRef.Kind, endpoint.TargetRef.NamespaceProperty, endpoint.TargetRef.Name, endpoint.TargetRef.Uid)
        );
        Assert.Null(endpoint.Hostname);
        Assert.Empty(plan.Update);
        Assert.Empty(plan.Delete);
    }

    [Theory]
    [InlineData(true, false, false, true, true, false)]
    [InlineData(false, false, false, false, false, false)]
    [InlineData(true, true, false, false, true, true)]
    [InlineData(false, true, false, false, false, true)]
    [InlineData(false, false, true, true, false, false)]
    [InlineData(true, true, true, true, true, true)]
    public void Conditions_follow_the_pod_and_publish_not_ready_addresses(
        bool podReady,
        bool deleted,
        bool published,
        bool ready,
        bool serving,
        bool terminating
    )
    {
        var pod = Pod("a", ready: podReady, change: p =>
            p.Metadata.DeletionTimestamp = deleted ? new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc) : null
        );
        var conditions = Single(Plan(Service(s => s.Spec.PublishNotReadyAddresses = published), [pod])).Conditions;
        Assert.Equal((ready, serving, terminating), (conditions.Ready, conditions.Serving, conditions.Terminating));
    }

    public static TheoryData<string, Action<V1Pod>> Outsiders =>
        new()
        {
            { "another label", p => p.Metadata.Labels["app"] = "db" },
            { "no labels", p => p.Metadata.Labels = null },
            { "another namespace", p => p.Metadata.NamespaceProperty = "other" },
            { "no address", p => (p.Status.PodIP, p.Status.PodIPs) = (null, null) },
            { "succeeded", p => p.Status.Phase = "Succeeded" },
            { "failed", p => p.Status.Phase = "Failed" },
            { "a node that is not there", p => p.Spec.NodeName = "lost" },
            { "an address of another family", p => p.Status.PodIPs = [new() { Ip = "fd00::1" }] },
        };

    [Theory]
    [MemberData(nameof(Outsiders), DisableDiscoveryEnumeration = true)]
    public void Pods_that_do_not_serve_are_left_out(string reason, Action<V1Pod> change)
    {
        var plan = Plan(Service(), [Pod("a"), Pod("b", "10.0.0.2", change: change)]);
        Assert.True(Single(plan).TargetRef.Name == "a", reason);
    }

    [Theory]
    [InlineData("h", "web", "h")]
    [InlineData("h", "other", null)]
    [InlineData("h", null, null)]
    [InlineData(null, "web", null)]
    public void A_pod_has_its_hostname_under_the_service_that_is_its_subdomain(string? hostname, string? subdomain, string? shown)
    {
        var service = Service(s => s.Spec.ClusterIP = "None");
        var plan = Plan(service, [Pod("a", change: p => (p.Spec.Hostname, p.Spec.Subdomain) = (hostname, subdomain))]);
        Assert.Equal(shown, Single(plan).Hostname);
        Assert.Equal("", plan.Create[0].Metadata.Labels["service.kubernetes.io/headless"]);
    }

    [Fact]
    public void Unmanaged_services_are_left_alone()
    {
        var pods = Pods(3);
        var foreign = Settled(Service(), pods);
        foreach (
            var service in new[]
            {
                Service(s => s.Spec.Selector = null),
                Service(s => s.Spec.Selector.Clear()),
                Service(s => s.Spec.Type = "ExternalName"),
            }
        )
        {
            Assert.False(EndpointSlicePlan.Manages(service));
            Assert.True(Plan(service, pods, foreign).IsEmpty);
        }
    }

    [Fact]
    public void Slices_of_other_managers_and_other_services_are_left_alone()
    {
        var other = Settled(Service(s => s.Metadata.Name = "other"), [])[0];
        var manual = Copy(Settled(Service(), [])[0]);
        manual.Metadata.Labels["endpointslice.kubernetes.io/managed-by"] = "me";
        var plan = Plan(Service(), [Pod("a")], [other, manual]);
        Assert.Single(plan.Create);
        Assert.Empty(plan.Update);
        Assert.Empty(plan.Delete);
    }

    [Fact]
    public void Named_ports_are_looked_up_in_each_pod()
    {
        var service = Service(s =>
            s.Spec.Ports = [
                new()
                {
                    Name = "http",
                    Port = 80,
                    TargetPort = "web",
                },
                new() { Name = "fixed", Port = 9000 },
            ]
        );
        var plan = Plan(
            service,
            [
                Pod("a", "10.0.0.1", change: p => p.Spec.Containers[0].Ports = [new() { Name = "web", ContainerPort = 8080 }]),
                Pod("b", "10.0.0.2", change: p => p.Spec.Containers[0].Ports = [
                        new()
                        {
                            Name = "web",
                            ContainerPort = 9090,
                            Protocol = "TCP",
                        },
                    ]),
                Pod("c", "10.0.0.3", change: p => p.Spec.InitContainers = [Sidecar("Always", 8080)]),
                Pod("d", "10.0.0.4", change: p => p.Spec.InitContainers = [Sidecar(null, 8080)]),
                Pod("e", "10.0.0.5", change: p => p.Spec.Containers[0].Ports = [
                        new()
                        {
                            Name = "web",
                            ContainerPort = 8080,
                            Protocol = "UDP",
                        },
                    ]),
            ]
        );
        Assert.Equal(
            ["fixed:9000 d,e", "http:8080,fixed:9000 a,c", "http:9090,fixed:9000 b"],
            plan.Create.Select(s => $"{string.Join(',', s.Ports.Select(p => $"{p.Name}:{p.Port}"))} {Names(s)}")
                .Order(StringComparer.Ordinal)
        );

        static V1Container Sidecar(string? restart, int port) =>
            new()
            {
                Name = "side",
                RestartPolicy = restart,
                Ports = [new() { Name = "web", ContainerPort = port }],
            };
    }

    [Fact]
    public void A_service_of_both_families_has_slices_of_each()
    {
        var pod = Pod("a", change: p => p.Status.PodIPs = [new() { Ip = "10.0.0.1" }, new() { Ip = "fd00::1" }]);
        var plan = Plan(Service(s => s.Spec.IpFamilies = ["IPv6", "IPv4"]), [pod]);
        Assert.Equal(["IPv4 10.0.0.1", "IPv6 fd00::1"], plan.Create.Select(s => $"{s.AddressType} {s.Endpoints[0].Addresses.Single()}"));
    }

    [Fact]
    public void A_service_without_stated_families_has_those_of_its_pods()
    {
        var service = Service(s => s.Spec.IpFamilies = null);
        Assert.Equal("IPv6", Assert.Single(Plan(service, [Pod("a", "fd00::1")]).Create).AddressType);
        Assert.Equal("IPv4", Assert.Single(Plan(service, []).Create).AddressType);
    }

    [Fact]
    public void Publishing_not_ready_addresses_includes_pods_on_lost_nodes() =>
        Assert.Equal(
            "lost",
            Single(Plan(Service(s => s.Spec.PublishNotReadyAddresses = true), [Pod("a", change: p => p.Spec.NodeName = "lost")])).NodeName
        );

    private static V1Endpoint Single(EndpointSlicePlan plan) => Assert.Single(Assert.Single(plan.Create).Endpoints);

    private static string Names(V1EndpointSlice slice) => string.Join(',', slice.Endpoints.Select(e => e.TargetRef.Name));
}
