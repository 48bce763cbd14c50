using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.ApiServer;
using Petrel.Client;
using Petrel.Model;
using Petrel.Store;

namespace Petrel.Controllers.Tests;

/// <summary>
/// Failed writes of the server's background loops do not end the server, and are not repeated too often. The tests are here because these
/// tests have virtual time.
/// </summary>
public sealed class FailedWritesTests : IAsyncDisposable
{
    private FailingStore _store = null!;
    private TestCluster? _cluster;

    [Fact]
    public void A_server_whose_disk_fails_at_its_start_is_ready_when_it_can_write()
    {
        var failing = 3;
        // The helper waits for the server to be ready.
        Start(_ => failing-- > 0);
        Assert.Equal(3, _store.Failures);
        Assert.Equal(4, _cluster!.List<V1Namespace>("").Count);
    }

    [Theory]
    [InlineData("/registry/rbac.authorization.k8s.io/clusterroles/gathered")]
    [InlineData("/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com")]
    [InlineData("/registry/apiregistration.k8s.io/apiservices/v1.example.com")]
    [InlineData("/registry/core/events/default/old")]
    public void A_loop_whose_writes_fail_for_ten_minutes_goes_on_afterwards(string key)
    {
        Start(_ => false, new() { EventTtl = TimeSpan.FromMinutes(2), KeepApiServices = true });
        Post("/apis/rbac.authorization.k8s.io/v1/clusterroles", GatheringRole);
        CreateOldEvent();
        _cluster!.Run(1);
        _store.Fails = commit => commit.Any(o => o.Key == key && !IsCreationOf("widgets.example.com", o));
        Post("/apis/rbac.authorization.k8s.io/v1/clusterroles", GatheredRole);
        Post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", Widgets);
        _cluster.Run(10 * 60);
        Assert.InRange(_store.Failures, 5, 20);
        // Other loops and requests are not affected.
        _cluster.Create(new V1Namespace { Metadata = new() { Name = "other" } });

        _store.Fails = _ => false;
        _cluster.Run(61);
        Assert.Equal(["pods"], _cluster.Find<V1ClusterRole>("gathered", "")!.Rules.SelectMany(r => r.Resources));
        Assert.Contains(_cluster.Find<V1CustomResourceDefinition>("widgets.example.com", "")!.Status.Conditions, c =>
            c is { Type: "Established", Status: "True" }
        );
        Assert.NotNull(_cluster.Find<V1APIService>("v1.example.com", ""));
        Assert.Empty(_cluster.List<Corev1Event>());
    }

    [Fact]
    public void A_compaction_that_fails_is_repeated()
    {
        Start(_ => false);
        _store.Fails = commit => commit.Count == 0;
        _cluster!.Create(new V1Namespace { Metadata = new() { Name = "other" } });
        _cluster.Run(15 * 60);
        Assert.InRange(_store.Failures, 5, 20);
        Assert.Equal(0, _store.CompactedRevision);
        _store.Fails = _ => false;
        _cluster.Run(10 * 60);
        Assert.NotEqual(0, _store.CompactedRevision);
    }

    public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? default;

    private const string GatheringRole = """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"gathered"},
         "aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"gather":"yes"}}]}}
        """;

    private const string GatheredRole = """
        {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"part","labels":{"gather":"yes"}},
         "rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}
        """;

    private const string Widgets = """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.com"},
         "spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","singular":"widget","kind":"Widget",
         "listKind":"WidgetList"},"versions":[{"name":"v1","served":true,"storage":true,
         "schema":{"openAPIV3Schema":{"type":"object"}}}]}}
        """;

    private static bool IsCreationOf(string name, StoreOperation operation) =>
        operation.Key.EndsWith(name, StringComparison.Ordinal) && operation.ExpectedRevision is null or 0;

    private void Start(Func<IReadOnlyList<StoreOperation>, bool> fails, ApiServerOptions? options = null) =>
        _cluster = new(new(), _ => [], wrapStore: (store, _, _) => _store = new(store) { Fails = fails }, options: options);

    private void Post(string path, string body) =>
        _cluster!.Do(async (user, stop) => await user.SendAsync("POST", path, [], Encoding.UTF8.GetBytes(body), "application/json", stop));

    private void CreateOldEvent() =>
        _cluster!.Create(
            new Corev1Event
            {
                ApiVersion = "v1",
                Kind = "Event",
                Metadata = new() { Name = "old", NamespaceProperty = "default" },
                InvolvedObject = new()
                {
                    Kind = "Pod",
                    Name = "p",
                    NamespaceProperty = "default",
                },
                Reason = "Tested",
                Type = "Normal",
                Count = 1,
                LastTimestamp = _cluster.Now.UtcDateTime,
            }
        );
}
