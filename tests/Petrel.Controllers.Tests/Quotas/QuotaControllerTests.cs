using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Quotas;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Store;

namespace Petrel.Controllers.Tests.Quotas;

public sealed class QuotaControllerTests
{
    private const string PodPrefix = "/registry/core/pods/default/";
    private const string QuotaKey = "/registry/core/resourcequotas/default/q";

    [Fact]
    public async Task A_new_quota_counts_existing_objects_and_updates_when_they_are_deleted()
    {
        await using var cluster = new TestCluster(context => [new QuotaController(context)]);
        cluster.Create(Pod("p1", "100m"));
        cluster.Create(Pod("p2", "200m"));
        cluster.Create(
            new V1Secret
            {
                ApiVersion = "v1",
                Kind = "Secret",
                Metadata = Meta("s"),
            }
        );
        cluster.Create(Quota(("pods", "5"), ("requests.cpu", "1"), ("secrets", "3"), ("count/deployments.apps", "4")));
        cluster.Run(1);
        AssertUsed(cluster, ("count/deployments.apps", "0"), ("pods", "2"), ("requests.cpu", "300m"), ("secrets", "1"));
        Assert.Equal("5", Find(cluster).Status.Hard["pods"].ToString());

        cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new("default", "p1"), new(), stop));
        cluster.Change<V1Pod>("p2", p => p.Status.Phase = "Succeeded", status: true);
        cluster.Run(1);
        AssertUsed(cluster, ("count/deployments.apps", "0"), ("pods", "0"), ("requests.cpu", "0"), ("secrets", "1"));

        // Kinds with a metadata watch are monitored once a quota counts them.
        cluster.Run(60);
        cluster.Do(async (user, stop) => await user.DeleteAsync<V1Secret>(new("default", "s"), new(), stop));
        cluster.Run(1);
        AssertUsed(cluster, ("count/deployments.apps", "0"), ("pods", "0"), ("requests.cpu", "0"), ("secrets", "0"));
    }

    [Theory]
    [InlineData("configmaps")]
    [InlineData("secrets")]
    [InlineData("services")]
    [InlineData("replicationcontrollers")]
    [InlineData("count/replicasets.apps")]
    public async Task An_object_is_counted_from_its_creation_to_its_deletion(string resource)
    {
        await using var cluster = new TestCluster(context => [new QuotaController(context)]);
        cluster.Create(Quota((resource, "5")));
        cluster.Run(61);
        AssertUsed(cluster, (resource, "0"));
        var pods = new V1PodTemplateSpec
        {
            Metadata = new() { Labels = new Dictionary<string, string> { ["a"] = "b" } },
            Spec = new() { Containers = [new() { Name = "c", Image = "i" }] },
        };
        IKubernetesObject<V1ObjectMeta> counted = resource switch
        {
            "configmaps" => cluster.Create(new V1ConfigMap { Metadata = Meta("x") }),
            "secrets" => cluster.Create(new V1Secret { Metadata = Meta("x") }),
            "services" => cluster.Create(
                new V1Service
                {
                    Metadata = Meta("x"),
                    Spec = new() { Ports = [new() { Port = 80 }] },
                }
            ),
            "replicationcontrollers" => cluster.Create(
                new V1ReplicationController
                {
                    Metadata = Meta("x"),
                    Spec = new() { Replicas = 0, Template = pods },
                }
            ),
            _ => cluster.Create(
                new V1ReplicaSet
                {
                    Metadata = Meta("x"),
                    Spec = new()
                    {
                        Replicas = 0,
                        Selector = new() { MatchLabels = pods.Metadata.Labels },
                        Template = pods,
                    },
                }
            ),
        };
        AssertUsed(cluster, (resource, "1"));

        cluster.Do(
            async (user, stop) =>
            {
                var key = new ObjectKey("default", counted.Metadata.Name);
                _ = counted switch
                {
                    V1ConfigMap => await user.DeleteAsync<V1ConfigMap>(key, new(), stop),
                    V1Secret => await user.DeleteAsync<V1Secret>(key, new(), stop),
                    V1Service => await user.DeleteAsync<V1Service>(key, new(), stop),
                    V1ReplicationController => await user.DeleteAsync<V1ReplicationController>(key, new(), stop),
                    _ => await user.DeleteAsync<V1ReplicaSet>(key, new(), stop),
                };
            }
        );
        cluster.Run(5);
        AssertUsed(cluster, (resource, "0"));
    }

    [Fact]
    public async Task A_changed_quota_takes_effect_at_once()
    {
        await using var cluster = new TestCluster(context => [new QuotaController(context)]);
        cluster.Create(Quota(("pods", "1")));
        cluster.Run(1);
        cluster.Create(Pod("p1", "100m"));

        cluster.Change<V1ResourceQuota>("q", q => q.Spec.Hard = Quantities(("pods", "2"), ("requests.cpu", "150m")));
        cluster.Run(1);

        AssertUsed(cluster, ("pods", "1"), ("requests.cpu", "100m"));
        ApiException? refusal = null;
        cluster.Do(
            async (user, stop) => refusal = await Assert.ThrowsAsync<ApiException>(() => user.CreateAsync(Pod("p2", "100m"), stop).AsTask())
        );
        Assert.Equal(
            "pods \"p2\" is forbidden: exceeded quota: q, requested: requests.cpu=100m, used: requests.cpu=100m, limited: "
                + "requests.cpu=150m",
            refusal!.Status.Message
        );
    }

    [Fact]
    public async Task Usage_that_ends_without_a_change_is_recounted_periodically()
    {
        await using var cluster = new TestCluster(context => [new QuotaController(context)]);
        var pod = Pod("p1", "100m");
        pod.Spec.NodeName = "lost";
        cluster.Create(pod);
        cluster.Create(Quota(("pods", "1"), ("count/pods", "1")));
        cluster.Do(async (user, stop) => await user.DeleteAsync<V1Pod>(new("default", "p1"), new(), stop));
        cluster.Run(1);
        AssertUsed(cluster, ("count/pods", "1"), ("pods", "1"));

        cluster.Run(6 * 60);

        AssertUsed(cluster, ("count/pods", "1"), ("pods", "0"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task The_quota_holds_under_concurrent_requests_and_the_usage_converges(ulong seed)
    {
        var ledger = new Ledger();
        await using var cluster = new TestCluster(
            new(),
            context => [new QuotaController(context)],
            seed,
            (store, time, entropy) => new SlowStore(store, time, entropy, ledger.Check)
        );
        cluster.Create(Quota(("pods", "5"), ("requests.cpu", "1")));
        cluster.Run(1);
        Assert.NotNull(Find(cluster).Status.Hard);
        ledger.Begin();

        var entropy = new SeededEntropy(seed);
        cluster.DoAll(Enumerable.Range(0, 8).Select(i => Churn(cluster, $"w{i}", entropy.Fork())), 300);
        Assert.Empty(ledger.Findings);
        Assert.True(ledger.Most == 5, $"the quota was never reached: {ledger.Most}");
        Assert.True(ledger.Refused > 0);

        cluster.Run(30);
        Assert.Empty(ledger.Findings);
        var pods = cluster.List<V1Pod>();
        AssertUsed(
            cluster,
            ("pods", pods.Count.ToString()),
            ("requests.cpu", Sum(pods.Select(p => p.Spec.Containers[0].Resources.Requests["cpu"].ToString())))
        );

        Func<ApiClient, CancellationToken, Task> Churn(TestCluster owner, string name, SeededEntropy random) =>
            async (user, stop) =>
            {
                var own = new Queue<string>();
                for (var step = 0; step < 12; step++)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(random.Next(20)), owner.Time, stop);
                    if (own.Count > 0 && random.Next(2) == 0)
                    {
                        await user.DeleteAsync<V1Pod>(new("default", own.Dequeue()), new(), stop);
                        continue;
                    }
                    try
                    {
                        await user.CreateAsync(Pod($"{name}-{step}", $"{100 * (1 + random.Next(3))}m"), stop);
                        own.Enqueue($"{name}-{step}");
                    }
                    catch (ApiException e) when (e.StatusCode == 403)
                    {
                        ledger.Refused++;
                    }
                }
            };
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task The_usage_of_a_quota_that_is_created_during_creations_converges(ulong seed)
    {
        await using var cluster = new TestCluster(
            new(),
            context => [new QuotaController(context)],
            seed,
            (store, time, entropy) => new SlowStore(store, time, entropy, static _ => { })
        );
        var entropy = new SeededEntropy(seed);
        IEnumerable<Func<ApiClient, CancellationToken, Task>> creations = Enumerable
            .Range(0, 30)
            .Select(i =>
            {
                var at = entropy.Next(100);
                return (Func<ApiClient, CancellationToken, Task>)(
                    async (user, stop) =>
                    {
                        await Task.Delay(TimeSpan.FromMilliseconds(at), cluster.Time, stop);
                        await user.CreateAsync(Pod($"p{i}", "10m"), stop);
                    }
                );
            });

        cluster.DoAll([
            .. creations,
            async (user, stop) =>
            {
                await Task.Delay(TimeSpan.FromMilliseconds(40), cluster.Time, stop);
                await user.CreateAsync(Quota(("pods", "100")), stop);
            },
        ]);
        cluster.Run(120);

        AssertUsed(cluster, ("pods", "30"));
    }

    private static V1ResourceQuota Find(TestCluster cluster) => cluster.Find<V1ResourceQuota>("q")!;

    private static void AssertUsed(TestCluster cluster, params (string Name, string Amount)[] expected) =>
        Assert.Equal(
            expected.Select(e => $"{e.Name}={e.Amount}"),
            Find(cluster).Status.Used.OrderBy(u => u.Key, StringComparer.Ordinal).Select(u => $"{u.Key}={u.Value}")
        );

    private static string Sum(IEnumerable<string> milli)
    {
        var sum = milli.Sum(Milli);
        return sum == 0 ? "0"
            : sum % 1000 == 0 ? $"{sum / 1000}"
            : $"{sum}m";
    }

    private static int Milli(string amount) => int.Parse(amount.TrimEnd('m')) * (amount.EndsWith('m') ? 1 : 1000);

    private static V1ResourceQuota Quota(params (string, string)[] hard) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "ResourceQuota",
            Metadata = Meta("q"),
            Spec = new() { Hard = Quantities(hard) },
        };

    private static Dictionary<string, ResourceQuantity> Quantities(params (string Name, string Amount)[] amounts) =>
        amounts.ToDictionary(a => a.Name, a => new ResourceQuantity(a.Amount));

    private static V1ObjectMeta Meta(string name) => new() { Name = name, NamespaceProperty = "default" };

    private static V1Pod Pod(string name, string cpu) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = Meta(name),
            Spec = new()
            {
                Containers =
                [
                    new()
                    {
                        Name = "c",
                        Image = "i",
                        Resources = new() { Requests = Quantities(("cpu", cpu)) },
                    },
                ],
            },
        };

    /// <summary>After each commit: the stored objects are within the limits, and the usage is not below them.</summary>
    private sealed class Ledger
    {
        private bool _begun;

        public List<string> Findings { get; } = [];

        public int Most { get; private set; }

        public int Refused { get; set; }

        public void Begin() => _begun = true;

        public void Check(IRevisionedStore store)
        {
            if (!_begun)
            {
                return;
            }
            // A store in memory answers at once.
            var pods = store
                .RangeAsync(PodPrefix, 0, null, 0, CancellationToken.None)
                .AsTask()
                .GetAwaiter()
                .GetResult()
                .Entries.Select(e => JsonNode.Parse(e.Value.Span)!)
                .ToList();
            var cpu = pods.Sum(p => Milli((string)p["spec"]!["containers"]![0]!["resources"]!["requests"]!["cpu"]!));
            var entry = store.GetAsync(QuotaKey, CancellationToken.None).AsTask().GetAwaiter().GetResult()!;
            var used = JsonNode.Parse(entry.Value.Span)!["status"]!["used"]!;
            Most = Math.Max(Most, pods.Count);
            if (pods.Count > 5 || cpu > 1000)
            {
                Findings.Add($"{pods.Count} pods and {cpu}m are stored");
            }
            if (int.Parse((string)used["pods"]!) < pods.Count || Milli((string)used["requests.cpu"]!) < cpu)
            {
                Findings.Add($"{pods.Count} pods and {cpu}m are stored, and {used} is said to be used");
            }
        }
    }
}
