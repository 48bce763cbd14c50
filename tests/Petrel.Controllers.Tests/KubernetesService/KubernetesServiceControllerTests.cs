using System.Net;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.Endpoints;
using Petrel.Controllers.KubernetesService;
using Petrel.Model;

namespace Petrel.Controllers.Tests.KubernetesService;

public sealed class KubernetesServiceControllerTests
{
    private const string Name = KubernetesServiceController.ServiceName;

    [Fact]
    public async Task The_kubernetes_service_has_the_first_service_address_and_the_servers_as_endpoints()
    {
        await using var cluster = Cluster([new(IPAddress.Parse("10.0.0.1"), 6443), new(IPAddress.Parse("10.0.0.2"), 6443)]);
        cluster.Run(1);

        var service = cluster.Find<V1Service>(Name)!;
        Assert.Equal("10.96.0.1", service.Spec.ClusterIP);
        var port = Assert.Single(service.Spec.Ports);
        Assert.Equal(("https", 443, "6443"), (port.Name, port.Port, port.TargetPort.Value));
        Assert.Equal(["10.0.0.1", "10.0.0.2"], Assert.Single(cluster.Find<V1Endpoints>(Name)!.Subsets).Addresses.Select(a => a.Ip));
        var slice = cluster.Find<V1EndpointSlice>(Name)!;
        Assert.Equal(["10.0.0.1", "10.0.0.2"], slice.Endpoints.SelectMany(e => e.Addresses));
        Assert.Equal(Name, slice.Metadata.Labels["kubernetes.io/service-name"]);
        Assert.Equal(6443, Assert.Single(slice.Ports).Port);
    }

    [Fact]
    public async Task Changed_or_deleted_objects_are_restored_and_the_address_stays()
    {
        await using var cluster = Cluster([new(IPAddress.Parse("10.0.0.1"), 6443)]);
        cluster.Run(1);
        cluster.Change<V1EndpointSlice>(Name, s => s.Endpoints = [
                new()
                {
                    Addresses = ["10.0.0.9"],
                    Conditions = new() { Ready = true },
                },
            ]);
        cluster.Change<V1Endpoints>(Name, e => e.Subsets = []);
        cluster.Do(async (user, stop) => await user.DeleteAsync<V1Service>(new ObjectKey("default", Name), new(), stop));
        cluster.Run(11);

        Assert.Equal("10.96.0.1", cluster.Find<V1Service>(Name)!.Spec.ClusterIP);
        Assert.Equal("10.0.0.1", Assert.Single(Assert.Single(cluster.Find<V1Endpoints>(Name)!.Subsets).Addresses).Ip);
        Assert.Equal(["10.0.0.1"], cluster.Find<V1EndpointSlice>(Name)!.Endpoints.SelectMany(e => e.Addresses));
    }

    [Fact]
    public async Task A_settled_service_is_not_written_again()
    {
        await using var cluster = Cluster([new(IPAddress.Parse("10.0.0.1"), 6443)]);
        cluster.Run(11);
        var before = (
            cluster.Find<V1Service>(Name)!.ResourceVersion(),
            cluster.Find<V1Endpoints>(Name)!.ResourceVersion(),
            cluster.Find<V1EndpointSlice>(Name)!.ResourceVersion()
        );
        cluster.Run(60);
        Assert.Equal(
            before,
            (
                cluster.Find<V1Service>(Name)!.ResourceVersion(),
                cluster.Find<V1Endpoints>(Name)!.ResourceVersion(),
                cluster.Find<V1EndpointSlice>(Name)!.ResourceVersion()
            )
        );
    }

    [Fact]
    public async Task Without_an_address_nothing_is_advertised()
    {
        await using var cluster = Cluster([]);
        cluster.Run(11);
        Assert.Null(cluster.Find<V1Service>(Name));
    }

    private static TestCluster Cluster(IReadOnlyList<IPEndPoint> servers) =>
        new(new ControllerSettings { ApiEndpoints = servers, ApiServiceAddress = "10.96.0.1" }, context =>
            [new KubernetesServiceController(context), new EndpointSliceController(context)]
        );
}
