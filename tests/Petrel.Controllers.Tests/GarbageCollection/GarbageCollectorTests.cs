using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Controllers.GarbageCollection;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.GarbageCollection;

public sealed class GarbageCollectorTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new(context => [new GarbageCollector(context)]);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public void Background_deletion_of_a_deployment_deletes_its_replica_sets_and_pods()
    {
        var (_, _, pod) = Chain();
        Delete<V1Deployment>("web", "Background");
        Assert.Null(_cluster.Find<V1Deployment>("web"));
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1ReplicaSet>("web-1"));
        // The pod is not bound: so it is gone at once.
        Assert.Null(_cluster.Find<V1Pod>(pod.Metadata.Name));
    }

    [Fact]
    public void Foreground_deletion_goes_from_the_leaves_to_the_root()
    {
        var (_, _, pod) = Chain(podFinalizers: ["example.com/hold"]);
        Delete<V1Deployment>("web", "Foreground");
        _cluster.Run(5);
        // The pod has a finalizer, and keeps its owners.
        Assert.NotNull(_cluster.Find<V1Pod>(pod.Metadata.Name)!.Metadata.DeletionTimestamp);
        Assert.Contains(GarbagePlan.ForegroundFinalizer, _cluster.Find<V1ReplicaSet>("web-1")!.Metadata.Finalizers);
        Assert.Contains(GarbagePlan.ForegroundFinalizer, _cluster.Find<V1Deployment>("web")!.Metadata.Finalizers);

        _cluster.Change<V1Pod>(pod.Metadata.Name, p => p.Metadata.Finalizers = null);
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1Pod>(pod.Metadata.Name));
        Assert.Null(_cluster.Find<V1ReplicaSet>("web-1"));
        Assert.Null(_cluster.Find<V1Deployment>("web"));
    }

    [Fact]
    public void Foreground_deletion_does_not_wait_for_dependents_that_do_not_block()
    {
        var owner = _cluster.Create(Map("owner"));
        _cluster.Create(Map("held", Ref(owner, blocks: false), finalizers: ["example.com/hold"]));
        Delete<V1ConfigMap>("owner", "Foreground");
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1ConfigMap>("owner"));
        Assert.NotNull(_cluster.Find<V1ConfigMap>("held")!.Metadata.DeletionTimestamp);
    }

    [Fact]
    public void Orphaning_leaves_the_dependents_without_an_owner()
    {
        Chain();
        _cluster.Run(1);
        Delete<V1Deployment>("web", "Orphan");
        _cluster.Run(40);
        Assert.Null(_cluster.Find<V1Deployment>("web"));
        var set = _cluster.Find<V1ReplicaSet>("web-1");
        Assert.NotNull(set);
        Assert.True(set.Metadata.OwnerReferences is null or { Count: 0 });
        Assert.Null(set.Metadata.DeletionTimestamp);
        Assert.Equal("web-1", Assert.Single(_cluster.Find<V1Pod>("web-1-a")!.Metadata.OwnerReferences).Name);
    }

    [Fact]
    public void An_object_with_another_owner_left_only_loses_the_reference()
    {
        var first = _cluster.Create(Map("first"));
        var second = _cluster.Create(Map("second"));
        _cluster.Create(Map("shared", [.. Ref(first), .. Ref(second)]));
        Delete<V1ConfigMap>("first", "Background");
        _cluster.Run(5);
        var shared = _cluster.Find<V1ConfigMap>("shared")!;
        Assert.Equal("second", Assert.Single(shared.Metadata.OwnerReferences).Name);
        Delete<V1ConfigMap>("second", "Background");
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1ConfigMap>("shared"));
    }

    [Fact]
    public void A_foreground_deletion_keeps_dependents_with_another_owner()
    {
        var ending = _cluster.Create(Map("ending"));
        var staying = _cluster.Create(Map("staying"));
        _cluster.Create(Map("shared", [.. Ref(ending), .. Ref(staying)]));
        Delete<V1ConfigMap>("ending", "Foreground");
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1ConfigMap>("ending"));
        Assert.Equal("staying", Assert.Single(_cluster.Find<V1ConfigMap>("shared")!.Metadata.OwnerReferences).Name);
    }

    [Fact]
    public void A_new_object_under_the_owners_name_is_not_the_owner()
    {
        var owner = _cluster.Create(Map("owner"));
        _cluster.Create(Map("dependent", Ref(owner)));
        _cluster.Do(
            async (user, stop) =>
            {
                await user.DeleteAsync<V1ConfigMap>(new("default", "owner"), new() { PropagationPolicy = "Background" }, stop);
                await user.CreateAsync(Map("owner"), stop);
            }
        );
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1ConfigMap>("dependent"));
        Assert.NotNull(_cluster.Find<V1ConfigMap>("owner"));
    }

    [Fact]
    public void An_object_that_is_created_with_an_owner_that_never_was_is_deleted()
    {
        _cluster.Create(
            Map(
                "dependent",
                [
                    new()
                    {
                        ApiVersion = "v1",
                        Kind = "ConfigMap",
                        Name = "nobody",
                        Uid = "00000000-0000-4000-8000-000000000000",
                    },
                ]
            )
        );
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1ConfigMap>("dependent"));
    }

    [Fact]
    public void An_owner_of_a_kind_that_is_not_served_keeps_its_dependents()
    {
        _cluster.Create(
            Map(
                "dependent",
                [
                    new()
                    {
                        ApiVersion = "example.com/v1",
                        Kind = "Widget",
                        Name = "w",
                        Uid = "00000000-0000-4000-8000-000000000000",
                    },
                ]
            )
        );
        _cluster.Run(120);
        Assert.NotNull(_cluster.Find<V1ConfigMap>("dependent"));
    }

    [Fact]
    public void An_owner_in_another_namespace_counts_as_absent_and_is_reported()
    {
        var owner = _cluster.Create(Map("owner", ns: "kube-system"));
        _cluster.Run(1);
        _cluster.Create(Map("dependent", Ref(owner)));
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1ConfigMap>("dependent"));
        var reported = Assert.Single(_cluster.List<Corev1Event>());
        Assert.Equal(("Warning", "OwnerRefInvalidNamespace", "dependent"), (reported.Type, reported.Reason, reported.InvolvedObject.Name));
        Assert.Equal(
            $"ownerRef [v1/ConfigMap, namespace: default, name: owner, uid: {owner.Metadata.Uid}] does not exist in namespace \"default\"",
            reported.Message
        );
    }

    [Fact]
    public void A_cluster_scoped_object_with_an_owner_in_a_namespace_stays()
    {
        var owner = _cluster.Create(Map("owner"));
        _cluster.Create(
            new V1Node
            {
                ApiVersion = "v1",
                Kind = "Node",
                Metadata = new() { Name = "n", OwnerReferences = Ref(owner) },
            }
        );
        Delete<V1ConfigMap>("owner", "Background");
        _cluster.Run(60);
        Assert.NotNull(_cluster.Find<V1Node>("n", ""));
    }

    [Fact]
    public void A_cycle_of_owners_does_not_block_its_deletion()
    {
        var a = _cluster.Create(Map("a"));
        var b = _cluster.Create(Map("b", Ref(a)));
        var c = _cluster.Create(Map("c", Ref(b)));
        _cluster.Change<V1ConfigMap>("a", m => m.Metadata.OwnerReferences = Ref(c));
        _cluster.Run(1);
        Delete<V1ConfigMap>("a", "Foreground");
        _cluster.Run(30);
        Assert.Empty(_cluster.List<V1ConfigMap>());
    }

    [Fact]
    public async Task Garbage_from_before_the_start_of_the_collector_is_found()
    {
        await using var cluster = new TestCluster(context => [new Late(new GarbageCollector(context), context.Time)]);
        var owner = cluster.Create(Map("owner"));
        cluster.Create(Map("dependent", Ref(owner)));
        cluster.Do(async (user, stop) => await user.DeleteAsync<V1ConfigMap>(new ObjectKey("default", "owner"), new(), stop));
        cluster.Run(30);
        Assert.NotNull(cluster.Find<V1ConfigMap>("dependent"));
        cluster.Run(60);
        Assert.Null(cluster.Find<V1ConfigMap>("dependent"));
    }

    [Fact]
    public void Garbage_that_something_else_holds_keeps_its_own_dependents_until_it_is_gone()
    {
        var root = _cluster.Create(Map("root"));
        var middle = _cluster.Create(Map("middle", Ref(root), finalizers: ["example.com/hold"]));
        _cluster.Create(Map("leaf", Ref(middle)));
        Delete<V1ConfigMap>("root", "Background");
        _cluster.Run(5);
        Assert.NotNull(_cluster.Find<V1ConfigMap>("middle")!.Metadata.DeletionTimestamp);
        Assert.Null(_cluster.Find<V1ConfigMap>("leaf")!.Metadata.DeletionTimestamp);
        _cluster.Change<V1ConfigMap>("middle", m => m.Metadata.Finalizers = null);
        _cluster.Run(5);
        Assert.Empty(_cluster.List<V1ConfigMap>());
    }

    private (V1Deployment, V1ReplicaSet, V1Pod) Chain(string[]? podFinalizers = null)
    {
        var labels = new Dictionary<string, string> { ["app"] = "web" };
        var template = new V1PodTemplateSpec
        {
            Metadata = new() { Labels = labels },
            Spec = Spec(),
        };
        var deployment = _cluster.Create(
            new V1Deployment
            {
                ApiVersion = "apps/v1",
                Kind = "Deployment",
                Metadata = new() { Name = "web", NamespaceProperty = "default" },
                Spec = new()
                {
                    Replicas = 1,
                    Selector = new() { MatchLabels = labels },
                    Template = template,
                },
            }
        );
        var set = _cluster.Create(
            new V1ReplicaSet
            {
                ApiVersion = "apps/v1",
                Kind = "ReplicaSet",
                Metadata = new()
                {
                    Name = "web-1",
                    NamespaceProperty = "default",
                    OwnerReferences = Ref(deployment),
                },
                Spec = new()
                {
                    Replicas = 1,
                    Selector = new() { MatchLabels = labels },
                    Template = template,
                },
            }
        );
        var pod = _cluster.Create(
            new V1Pod
            {
                ApiVersion = "v1",
                Kind = "Pod",
                Metadata = new()
                {
                    Name = "web-1-a",
                    NamespaceProperty = "default",
                    Labels = labels,
                    OwnerReferences = Ref(set),
                    Finalizers = podFinalizers,
                },
                Spec = Spec(),
            }
        );
        return (deployment, set, pod);
    }

    private static V1PodSpec Spec() => new() { Containers = [new() { Name = "c", Image = "nginx" }] };

    private static V1ConfigMap Map(
        string name,
        IList<V1OwnerReference>? owners = null,
        string[]? finalizers = null,
        string ns = "default"
    ) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = ns,
                OwnerReferences = owners,
                Finalizers = finalizers,
            },
        };

    private static List<V1OwnerReference> Ref(IKubernetesObject<V1ObjectMeta> owner, bool blocks = true) =>
        [
            new()
            {
                ApiVersion = owner.ApiVersion,
                Kind = owner.Kind,
                Name = owner.Metadata.Name,
                Uid = owner.Metadata.Uid,
                BlockOwnerDeletion = blocks,
            },
        ];

    private void Delete<T>(string name, string policy)
        where T : IKubernetesObject<V1ObjectMeta> =>
        _cluster.Do(
            async (user, stop) => await user.DeleteAsync<T>(new ObjectKey("default", name), new() { PropagationPolicy = policy }, stop)
        );

    /// <summary>A controller that starts a minute later.</summary>
    private sealed class Late(IController controller, TimeProvider time) : IController
    {
        public async Task RunAsync(CancellationToken cancellationToken)
        {
            await Task.Delay(TimeSpan.FromMinutes(1), time, cancellationToken);
            await controller.RunAsync(cancellationToken);
        }
    }
}
