using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Endpoints;
using Petrel.Model;
using Petrel.Workloads;
using static Petrel.Controllers.Tests.Endpoints.EndpointObjects;

namespace Petrel.Controllers.Tests.Endpoints;

public sealed class EndpointSliceControllerTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(context => [new EndpointSliceController(context)]);

    public EndpointSliceControllerTests()
    {
        CreateNode();
        CreateService();
        _cluster.Run(1);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public void A_pod_that_becomes_ready_is_a_ready_endpoint()
    {
        Assert.Empty(Slice().Endpoints);
        CreatePod("a", "10.0.0.1", ready: false);
        Assert.Equal((false, false, false), Conditions("a"));
        Assert.Equal(8080, Slice().Ports.Single().Port);

        SetStatus("a", "10.0.0.1", ready: true);
        Assert.Equal((true, true, false), Conditions("a"));
    }

    [Fact]
    public void A_terminating_pod_serves_but_is_not_ready_and_leaves_when_it_is_gone()
    {
        CreatePod("a", "10.0.0.1", ready: true);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "a"), new(), stop));
        _cluster.Run(1);
        Assert.Equal((false, true, true), Conditions("a"));

        _cluster.Do(
            async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("default", "a"), new() { GracePeriodSeconds = 0 }, stop)
        );
        _cluster.Run(1);
        Assert.Empty(Slice().Endpoints);
    }

    [Fact]
    public void A_pod_that_loses_its_label_or_finishes_leaves()
    {
        CreatePod("a", "10.0.0.1", ready: true);
        CreatePod("b", "10.0.0.2", ready: true);
        CreatePod("c", "10.0.0.3", ready: true);
        _cluster.Change<V1Pod>("a", p => p.Metadata.Labels["app"] = "debug");
        _cluster.Change<V1Pod>("b", p => p.Status.Phase = "Succeeded", status: true);
        _cluster.Run(1);
        Assert.Equal("c", Assert.Single(Slice().Endpoints).TargetRef.Name);
    }

    [Fact]
    public void The_slices_of_a_deleted_service_are_deleted()
    {
        CreatePod("a", "10.0.0.1", ready: true);
        DeleteService();
        _cluster.Run(1);
        Assert.Empty(Slices());
    }

    [Fact]
    public void Slices_that_lost_their_owner_are_left_alone()
    {
        CreatePod("a", "10.0.0.1", ready: true);
        var name = Slice().Metadata.Name;
        _cluster.Do(
            async (user, stop) =>
                await user.DeleteAsync<V1Service>(new ObjectKey("default", "web"), new() { PropagationPolicy = "Orphan" }, stop)
        );
        _cluster.Change<V1EndpointSlice>(name, s => s.Metadata.OwnerReferences = null);
        _cluster.Change<V1Service>("web", s => s.Metadata.Finalizers = null);
        _cluster.Run(1);
        Assert.Null(_cluster.Find<V1Service>("web"));
        Assert.Equal(name, Slice().Metadata.Name);
    }

    [Fact]
    public void A_recreated_service_gets_its_own_slices()
    {
        CreatePod("a", "10.0.0.1", ready: true);
        DeleteService();
        CreateService();
        _cluster.Run(1);
        Assert.Equal(_cluster.Find<V1Service>("web")!.Metadata.Uid, Slice().Metadata.OwnerReferences.Single().Uid);
        Assert.Single(Slice().Endpoints);
    }

    [Fact]
    public void A_deleted_slice_is_created_again()
    {
        CreatePod("a", "10.0.0.1", ready: true);
        var old = Slice();
        _cluster.Do(
            async (user, stop) => await user.DeleteAsync<V1EndpointSlice>(new ObjectKey("default", old.Metadata.Name), new(), stop)
        );
        _cluster.Run(1);
        Assert.NotEqual(old.Metadata.Uid, Slice().Metadata.Uid);
        Assert.Single(Slice().Endpoints);
    }

    [Fact]
    public void Pods_of_a_lost_node_leave_and_return_with_it()
    {
        CreatePod("a", "10.0.0.1", ready: true);
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Node>(new ObjectKey("", Node), new(), stop));
        _cluster.Run(1);
        Assert.Empty(Slice().Endpoints);
        CreateNode();
        _cluster.Run(1);
        Assert.Single(Slice().Endpoints);
    }

    [Fact]
    public void Many_pods_at_once_are_each_in_one_slice()
    {
        _cluster.Do(
            async (user, stop) =>
            {
                for (var i = 0; i < 230; i++)
                {
                    var pod = Pod($"p{i}", null);
                    (pod.Status, pod.Metadata.Uid) = (null, null);
                    pod = await user.CreateAsync(pod, stop);
                    pod.Status = Pod("x", $"10.2.{i / 100}.{(i % 100) + 1}").Status;
                    await user.UpdateStatusAsync(pod, stop);
                }
            }
        );
        _cluster.Run(2);
        var slices = Slices();
        Assert.Equal(230, slices.SelectMany(s => s.Endpoints).Select(e => e.TargetRef.Uid).Distinct().Count());
        Assert.Equal(230, slices.Sum(s => s.Endpoints.Count));
        Assert.Equal(3, slices.Count);
    }

    [Fact]
    public void Nothing_is_written_while_nothing_changes()
    {
        CreatePod("a", "10.0.0.1", ready: true);
        var before = Slice().Metadata.ResourceVersion;
        _cluster.Change<V1Pod>("a", p => p.Metadata.Annotations = new Dictionary<string, string> { ["note"] = "x" });
        _cluster.Change<V1Service>("web", s => s.Metadata.Annotations = new Dictionary<string, string> { ["note"] = "x" });
        _cluster.Run(60);
        Assert.Equal(before, Slice().Metadata.ResourceVersion);
    }

    private void CreateService()
    {
        var service = Service();
        (service.Metadata.Uid, service.Spec.ClusterIP) = (null, null);
        _cluster.Create(service);
    }

    private void CreateNode() =>
        _cluster.Create(
            new V1Node
            {
                ApiVersion = "v1",
                Kind = "Node",
                Metadata = new() { Name = Node },
            }
        );

    private void DeleteService() =>
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Service>(new ObjectKey("default", "web"), new(), stop));

    private void CreatePod(string name, string address, bool ready)
    {
        var pod = Pod(name, null);
        (pod.Status, pod.Metadata.Uid) = (null, null);
        _cluster.Create(pod);
        SetStatus(name, address, ready);
    }

    private void SetStatus(string name, string address, bool ready)
    {
        _cluster.Change<V1Pod>(name, p => p.Status = Pod(name, address, ready).Status, status: true);
        _cluster.Run(1);
    }

    private IReadOnlyList<V1EndpointSlice> Slices() => _cluster.List<V1EndpointSlice>(labelSelector: "kubernetes.io/service-name=web");

    private V1EndpointSlice Slice() => Assert.Single(Slices());

    private (bool? Ready, bool? Serving, bool? Terminating) Conditions(string pod)
    {
        var conditions = Slice().Endpoints.Single(e => e.TargetRef.Name == pod).Conditions;
        return (conditions.Ready, conditions.Serving, conditions.Terminating);
    }
}
