using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Controllers.GarbageCollection;
using Petrel.Controllers.Quotas;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Monitoring;

/// <summary>The collector with an API that serves other kinds over time, and loses watch events.</summary>
public sealed class KindMonitorsTests : IAsyncDisposable
{
    private readonly Interference _interference;
    private readonly TestCluster _cluster;

    public KindMonitorsTests()
    {
        _interference = new(() => _cluster!.Api);
        _cluster = new(new(), Both, wrapApi: _ => _interference);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    private static IController[] Both(ControllerContext context) => [new GarbageCollector(context), new QuotaController(context)];

    [Fact]
    public void Each_kind_is_listed_and_watched_once_for_all_controllers_together()
    {
        CreateQuota("secrets", "pods", "count/deployments.apps");
        _cluster.Run(65);
        var collections = _interference.Reads.Where(r => !r.Path.Contains("/namespaces/", StringComparison.Ordinal)).ToList();
        foreach (var path in (string[])["/api/v1/secrets", "/api/v1/pods", "/apis/apps/v1/deployments"])
        {
            Assert.Equal([false, true], collections.Where(r => r.Path == path).Select(r => r.Watches));
        }
        Assert.All(collections.Where(r => r.Path is not ("/api" or "/apis")).CountBy(r => r), read => Assert.Equal(1, read.Value));
        // At 0, 30 and 60 seconds.
        Assert.Equal(3, collections.Count(r => r.Path == "/apis"));
        // Neither of them follows events.
        Assert.DoesNotContain(collections, r => r.Path.EndsWith("/events", StringComparison.Ordinal));
    }

    [Fact]
    public void A_change_of_owners_of_a_kind_with_a_typed_cache_is_collected()
    {
        var owner = _cluster.Create(Map("owner"));
        var service = new V1Service
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = new() { Name = "web", NamespaceProperty = "default" },
            Spec = new() { Ports = [new() { Port = 80 }] },
        };
        _cluster.Create(service);
        _cluster.Run(5);
        _cluster.Change<V1Service>("web", s => s.Metadata.OwnerReferences = [OwnedBy("owner", owner.Metadata.Uid)]);
        _cluster.Run(5);
        Assert.NotNull(_cluster.Find<V1Service>("web"));
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1ConfigMap>(new ObjectKey("default", "owner"), new(), stop));
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1Service>("web"));
    }

    [Fact]
    public void A_kind_that_is_served_later_is_monitored_from_then_on()
    {
        _interference.HidesConfigMaps = true;
        CreateGarbage("garbage");
        _cluster.Run(65);
        Assert.NotNull(_cluster.Find<V1ConfigMap>("garbage"));
        _interference.HidesConfigMaps = false;
        _cluster.Run(35);
        Assert.Null(_cluster.Find<V1ConfigMap>("garbage"));
    }

    [Fact]
    public void A_kind_that_is_no_longer_served_is_left_alone()
    {
        _cluster.Run(5);
        _interference.HidesConfigMaps = true;
        _cluster.Run(35);
        CreateGarbage("garbage");
        _cluster.Run(35);
        Assert.NotNull(_cluster.Find<V1ConfigMap>("garbage"));
        _interference.HidesConfigMaps = false;
        _cluster.Run(35);
        Assert.Null(_cluster.Find<V1ConfigMap>("garbage"));
    }

    [Fact]
    public void Failing_discovery_leaves_the_known_kinds_unchanged()
    {
        _cluster.Run(5);
        _interference.FailsDiscovery = true;
        _cluster.Run(65);
        CreateGarbage("garbage");
        _cluster.Run(5);
        Assert.Null(_cluster.Find<V1ConfigMap>("garbage"));
    }

    [Fact]
    public void A_deletion_that_the_watch_lost_is_found_by_the_next_list()
    {
        var owner = _cluster.Create(Map("owner"));
        CreateGarbage("dependent", "owner", owner.Metadata.Uid);
        _cluster.Run(60);
        _interference.LosesConfigMapEvents = true;
        _cluster.Do(async (user, stop) => await user.DeleteAsync<V1ConfigMap>(new ObjectKey("default", "owner"), new(), stop));
        _cluster.Run(5);
        Assert.Equal(1, _interference.Lost);
        Assert.Null(_cluster.Find<V1ConfigMap>("dependent"));
    }

    private const string NoUid = "00000000-0000-4000-8000-000000000000";

    private void CreateGarbage(string name, string owner = "nobody", string uid = NoUid) => _cluster.Create(Map(name, OwnedBy(owner, uid)));

    private void CreateQuota(params string[] resources) =>
        _cluster.Create(
            new V1ResourceQuota
            {
                ApiVersion = "v1",
                Kind = "ResourceQuota",
                Metadata = new() { Name = "quota", NamespaceProperty = "default" },
                Spec = new() { Hard = resources.ToDictionary(r => r, _ => new ResourceQuantity("9")) },
            }
        );

    private static V1ConfigMap Map(string name, params V1OwnerReference[] owners) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "default",
                OwnerReferences = owners,
            },
        };

    private static V1OwnerReference OwnedBy(string name, string uid = NoUid) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Name = name,
            Uid = uid,
        };

    private sealed class Interference(Func<IApiHandler> api) : IApiHandler
    {
        public bool HidesConfigMaps { get; set; }

        public bool FailsDiscovery { get; set; }

        /// <summary>Instead of the next event of ConfigMaps, the watch answers that its revision is gone.</summary>
        public bool LosesConfigMapEvents { get; set; }

        public int Lost { get; private set; }

        public List<(string Path, bool Watches)> Reads { get; } = [];

        public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
        {
            if (request.Method == "GET")
            {
                Reads.Add((request.Path, request.QueryValue("watch") is "1" or "true"));
            }
            if (FailsDiscovery && request.Path is "/apis")
            {
                throw new IOException("no discovery");
            }
            var response = await api().HandleAsync(request, cancellationToken);
            if (HidesConfigMaps && request.Path == "/api")
            {
                var list = JsonNode.Parse(response.Body.Span)!;
                list["items"]![0]!["versions"]![0]!["resources"]!.AsArray().RemoveAll(r => (string?)r!["resource"] == "configmaps");
                return response with { Body = Encoding.UTF8.GetBytes(list.ToJsonString()) };
            }
            return response.Stream is { } stream && request.Path == "/api/v1/configmaps"
                ? response with
                {
                    Stream = LossyAsync(stream),
                }
                : response;
        }

        private async IAsyncEnumerable<ReadOnlyMemory<byte>> LossyAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> stream)
        {
            await foreach (var chunk in stream)
            {
                if (LosesConfigMapEvents)
                {
                    LosesConfigMapEvents = false;
                    Lost++;
                    yield return Encoding.UTF8.GetBytes(
                        """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}}"""
                            + "\n"
                    );
                    yield break;
                }
                yield return chunk;
            }
        }
    }
}
