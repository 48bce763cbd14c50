using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.Namespaces;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Namespaces;

public sealed class NamespaceControllerTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(context => [new NamespaceController(context)]);

    public NamespaceControllerTests() =>
        _cluster.Create(
            new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new() { Name = "team" },
            }
        );

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public void A_namespace_is_deleted_with_its_content_and_nothing_else()
    {
        Map("one");
        Map("two");
        Map("elsewhere", ns: "default");
        Pod("idle");
        _cluster.Create(
            new V1Secret
            {
                ApiVersion = "v1",
                Kind = "Secret",
                Metadata = new() { Name = "s", NamespaceProperty = "team" },
            }
        );
        _cluster.Create(
            new V1Service
            {
                ApiVersion = "v1",
                Kind = "Service",
                Metadata = new() { Name = "svc", NamespaceProperty = "team" },
                Spec = new() { Ports = [new() { Port = 80 }] },
            }
        );
        Delete();
        _cluster.Run(10);
        Assert.Null(Find());
        Assert.Empty(_cluster.List<V1ConfigMap>("team"));
        Assert.Empty(_cluster.List<V1Pod>("team"));
        Assert.Empty(_cluster.List<V1Secret>("team"));
        Assert.Empty(_cluster.List<V1Service>("team"));
        Assert.NotNull(_cluster.Find<V1ConfigMap>("elsewhere"));
    }

    [Fact]
    public void An_active_namespace_is_left_alone()
    {
        Map("one");
        _cluster.Run(60);
        Assert.NotNull(_cluster.Find<V1ConfigMap>("one", "team"));
        Assert.Null(Find()!.Status.Conditions);
    }

    [Fact]
    public void Finalizers_keep_the_namespace_and_its_conditions_report_them()
    {
        Map("held", ["example.com/hold"]);
        Map("held-too", ["example.com/hold"]);
        Map("free");
        Delete();
        _cluster.Run(20);
        var ns = Find()!;
        Assert.Equal("Terminating", ns.Status.Phase);
        Assert.Equal(["kubernetes"], ns.Spec.Finalizers);
        Assert.Equal(
            ("False", "ResourcesDiscovered", "All resources successfully discovered"),
            Condition(ns, "NamespaceDeletionDiscoveryFailure")
        );
        Assert.Equal(
            ("False", "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
            Condition(ns, "NamespaceDeletionContentFailure")
        );
        Assert.Equal(
            ("True", "SomeResourcesRemain", "Some resources are remaining: configmaps. has 2 resource instances"),
            Condition(ns, "NamespaceContentRemaining")
        );
        Assert.Equal(
            (
                "True",
                "SomeFinalizersRemain",
                "Some content in the namespace has finalizers remaining: example.com/hold in 2 resource instances"
            ),
            Condition(ns, "NamespaceFinalizersRemaining")
        );
        Assert.Null(_cluster.Find<V1ConfigMap>("free", "team"));

        _cluster.Change<V1ConfigMap>("held", m => m.Metadata.Finalizers = null, ns: "team");
        _cluster.Run(10);
        Assert.NotNull(Find());
        _cluster.Change<V1ConfigMap>("held-too", m => m.Metadata.Finalizers = null, ns: "team");
        _cluster.Run(10);
        Assert.Null(Find());
    }

    [Fact]
    public void Pods_end_before_other_objects_are_deleted()
    {
        Pod("running", node: "n");
        _cluster.Do(
            async (user, stop) =>
                await user.UpdateStatusAsync(
                    With(await user.GetAsync<V1Pod>(new ObjectKey("team", "running"), stop), p => p.Status = new() { Phase = "Running" }),
                    stop
                )
        );
        Map("needed");
        Delete();
        _cluster.Run(8);
        Assert.NotNull(_cluster.Find<V1Pod>("running", "team")!.Metadata.DeletionTimestamp);
        Assert.NotNull(_cluster.Find<V1ConfigMap>("needed", "team"));
        Assert.Equal(
            ("True", "SomeResourcesRemain", "Some resources are remaining: pods. has 1 resource instances"),
            Condition(Find()!, "NamespaceContentRemaining")
        );
        Assert.Equal("False", Condition(Find()!, "NamespaceDeletionContentFailure").Status);

        _cluster.Do(
            async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("team", "running"), new() { GracePeriodSeconds = 0 }, stop)
        );
        _cluster.Run(20);
        Assert.Null(Find());
    }

    [Fact]
    public void A_pod_that_outlives_its_grace_period_is_reported_as_a_failure()
    {
        Pod("stuck", node: "n");
        Delete();
        _cluster.Run(120);
        Assert.Equal(
            (
                "True",
                "ContentDeletionFailed",
                "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: team for gvr: "
                    + "/v1, Resource=pods"
            ),
            Condition(Find()!, "NamespaceDeletionContentFailure")
        );
        _cluster.Do(
            async (user, stop) => await user.DeleteAsync<V1Pod>(new ObjectKey("team", "stuck"), new() { GracePeriodSeconds = 0 }, stop)
        );
        _cluster.Run(70);
        Assert.Null(Find());
    }

    [Fact]
    public void Another_finalizer_keeps_the_namespace()
    {
        _cluster.Create(
            new V1Namespace
            {
                ApiVersion = "v1",
                Kind = "Namespace",
                Metadata = new() { Name = "held" },
                Spec = new() { Finalizers = ["example.com/hold"] },
            }
        );
        Delete("held");
        _cluster.Run(30);
        Assert.Equal(["example.com/hold"], Find("held")!.Spec.Finalizers);
    }

    private static T With<T>(T value, Action<T> change)
    {
        change(value);
        return value;
    }

    private V1Namespace? Find(string name = "team") => _cluster.Find<V1Namespace>(name, "");

    private void Delete(string name = "team") =>
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1Namespace>(new ObjectKey("", name), new(), stop));

    private void Map(string name, string[]? finalizers = null, string ns = "team") =>
        _cluster.Create(
            new V1ConfigMap
            {
                ApiVersion = "v1",
                Kind = "ConfigMap",
                Metadata = new()
                {
                    Name = name,
                    NamespaceProperty = ns,
                    Finalizers = finalizers,
                },
            }
        );

    private void Pod(string name, string? node = null) =>
        _cluster.Create(
            new V1Pod
            {
                ApiVersion = "v1",
                Kind = "Pod",
                Metadata = new() { Name = name, NamespaceProperty = "team" },
                Spec = new() { NodeName = node, Containers = [new() { Name = "c", Image = "nginx" }] },
            }
        );

    private static (string Status, string Reason, string Message) Condition(V1Namespace ns, string type)
    {
        var condition = Assert.Single(ns.Status.Conditions, c => c.Type == type);
        return (condition.Status, condition.Reason, condition.Message);
    }
}
