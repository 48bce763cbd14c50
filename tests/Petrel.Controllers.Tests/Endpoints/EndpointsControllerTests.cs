using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Endpoints;
using Petrel.Model;
using static Petrel.Controllers.Tests.Endpoints.EndpointObjects;

namespace Petrel.Controllers.Tests.Endpoints;

public sealed class EndpointsControllerTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(context =>
        [new EndpointsController(context), new EndpointSliceController(context), new EndpointSliceMirroringController(context)]
    );

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public void Endpoints_show_ready_and_other_pods_of_a_service_by_ports()
    {
        CreateService();
        CreatePod("a", "10.0.0.1", ready: true);
        CreatePod("b", "10.0.0.2", ready: false);
        _cluster.Run(1);
        var subset = Assert.Single(Endpoints()!.Subsets);
        Assert.Equal(("10.0.0.1", "a", "Pod"), subset.Addresses.Select(x => (x.Ip, x.TargetRef.Name, x.TargetRef.Kind)).Single());
        Assert.Equal("10.0.0.2", subset.NotReadyAddresses.Single().Ip);
        Assert.Equal(("http", 8080, "TCP"), subset.Ports.Select(p => (p.Name, p.Port, p.Protocol)).Single());
        Assert.Equal("endpoint-controller", Endpoints()!.Metadata.Labels[EndpointsPlan.ManagedBy]);
        // The Endpoints of a Service with a selector are not mirrored.
        Assert.Single(_cluster.List<V1EndpointSlice>());
    }

    [Fact]
    public void A_terminating_pod_has_no_address_and_the_object_is_deleted_with_its_service()
    {
        CreateService();
        CreatePod("a", "10.0.0.1", ready: true);
        _cluster.Do(
            async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "a"), new() { GracePeriodSeconds = 30 }, stop)
        );
        _cluster.Run(1);
        Assert.Empty(Endpoints()!.Subsets ?? []);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Service>(new ObjectKey("default", "web"), new(), stop));
        _cluster.Run(1);
        Assert.Null(Endpoints());
    }

    [Fact]
    public void Changes_of_the_object_by_others_are_reverted()
    {
        CreateService();
        CreatePod("a", "10.0.0.1", ready: true);
        _cluster.Run(1);
        _cluster.Change<V1Endpoints>("web", e => e.Subsets[0].Addresses[0].Ip = "10.9.9.9");
        _cluster.Run(1);
        Assert.Equal("10.0.0.1", Endpoints()!.Subsets[0].Addresses[0].Ip);
    }

    [Fact]
    public void Addresses_beyond_the_limit_are_cut_and_ready_ones_come_first()
    {
        var pods = Enumerable
            .Range(0, EndpointsPlan.MaxAddresses + 10)
            .Select(i => Pod($"p{i:d4}", $"10.1.{i / 200}.{(i % 200) + 1}", ready: i >= 10))
            .ToList();
        var endpoints = EndpointsPlan.Compute(Service(), pods, null);
        Assert.Equal(EndpointsPlan.MaxAddresses, endpoints.Subsets.Single().Addresses.Count);
        Assert.Null(endpoints.Subsets.Single().NotReadyAddresses);
        Assert.Equal("truncated", endpoints.Metadata.Annotations[EndpointsPlan.OverCapacity]);
        Assert.Same(endpoints, EndpointsPlan.Compute(Service(), pods, endpoints));
        Assert.DoesNotContain(
            EndpointsPlan.OverCapacity,
            EndpointsPlan.Compute(Service(), pods.Take(3), endpoints).Metadata.Annotations ?? new Dictionary<string, string>()
        );
    }

    [Fact]
    public void Endpoints_that_a_user_writes_are_mirrored_as_slices_until_they_are_deleted()
    {
        CreateService(s => s.Spec.Selector = null);
        _cluster.Create(
            new V1Endpoints
            {
                ApiVersion = "v1",
                Kind = "Endpoints",
                Metadata = new() { Name = "web", NamespaceProperty = "default" },
                Subsets =
                [
                    new()
                    {
                        Addresses = [new() { Ip = "192.0.2.1" }, new() { Ip = "2001:db8::1" }],
                        NotReadyAddresses = [new() { Ip = "192.0.2.2" }],
                        Ports =
                        [
                            new()
                            {
                                Name = "http",
                                Port = 9000,
                                Protocol = "TCP",
                            },
                        ],
                    },
                ],
            }
        );
        _cluster.Run(1);
        var slices = _cluster.List<V1EndpointSlice>().OrderBy(s => s.AddressType).ToList();
        Assert.Equal(["IPv4", "IPv6"], slices.Select(s => s.AddressType));
        Assert.Equal(
            [("192.0.2.1", true), ("192.0.2.2", false)],
            slices[0].Endpoints.Select(e => (e.Addresses[0], e.Conditions.Ready!.Value))
        );
        Assert.Equal(9000, slices[0].Ports.Single().Port);
        Assert.Equal("web", slices[0].Metadata.Labels[EndpointSliceLabels.ServiceName]);

        _cluster.Change<V1Endpoints>("web", e => e.Subsets[0].Addresses = [new() { Ip = "192.0.2.3" }]);
        _cluster.Run(1);
        Assert.Equal(["192.0.2.3", "192.0.2.2"], Assert.Single(_cluster.List<V1EndpointSlice>()).Endpoints.Select(e => e.Addresses[0]));

        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Endpoints>(new ObjectKey("default", "web"), new(), stop));
        _cluster.Run(1);
        Assert.Empty(_cluster.List<V1EndpointSlice>());
    }

    private V1Endpoints? Endpoints() => _cluster.Find<V1Endpoints>("web");

    private void CreateService(Action<V1Service>? change = null)
    {
        var service = Service(change);
        service.Metadata.Uid = null;
        service.Spec.ClusterIP = null;
        _cluster.Create(service);
    }

    private void CreatePod(string name, string address, bool ready)
    {
        var pod = Pod(name, address, ready);
        pod.Metadata.Uid = null;
        var status = pod.Status;
        pod.Status = null;
        _cluster.Create(pod);
        _cluster.Change<V1Pod>(name, p => p.Status = status, status: true);
        _cluster.Run(1);
    }
}
