using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Controllers.Autoscaling;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.ReplicaSets;
using Petrel.Model.Api;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Autoscaling;

/// <summary>Autoscalers on the real API, with metrics from a fake agent and from MetricSamples.</summary>
public sealed class HorizontalPodAutoscalerTests : IAsyncDisposable
{
    private readonly FakeAgent _agent = new();
    private readonly TestCluster _cluster;

    public HorizontalPodAutoscalerTests()
    {
        _cluster = new(
            new(),
            context =>
                [new DeploymentController(context), new ReplicaSetController(context), new HorizontalPodAutoscalerController(context)],
            options: new ApiServerOptions { UsageInterval = TimeSpan.FromSeconds(15) },
            nodes: _agent
        );
        _agent.Now = () => _cluster.Now;
        _cluster.Create(
            new V1Node
            {
                ApiVersion = "v1",
                Kind = "Node",
                Metadata = new() { Name = "n1" },
            }
        );
        _cluster.Change<V1Node>(
            "n1",
            node =>
                node.Status = new()
                {
                    Addresses = [new() { Type = "InternalIP", Address = "127.0.0.1" }],
                    DaemonEndpoints = new() { KubeletEndpoint = new() { Port = 10250 } },
                },
            status: true,
            ns: ""
        );
    }

    [Fact]
    public void Cpu_usage_scales_up_at_once_and_down_after_the_window()
    {
        Deploy(2);
        _cluster.Create(Autoscaler(Resource("cpu", 50)));
        _agent.Load = 0.2; // 50 % of what two pods request
        Live(120);
        Assert.Equal(2, Deployment().Spec.Replicas);
        Assert.Equal(("True", "ValidMetricFound"), Condition("ScalingActive"));
        Assert.Equal(50, Status().CurrentMetrics[0].Resource.Current.AverageUtilization);
        _agent.Load = 0.4;
        Live(60);
        Assert.Equal(4, Deployment().Spec.Replicas);
        Assert.NotNull(Status().LastScaleTime);
        Assert.Contains(_cluster.List<Corev1Event>(), e =>
            e
                is {
                    Reason: "SuccessfulRescale",
                    Message: "New size: 4; reason: cpu resource utilization (percentage of request) above target"
                }
        );
        _agent.Load = 0.05;
        Live(200);
        Assert.True(Deployment().Spec.Replicas >= 4);
        Assert.Equal(("True", "ScaleDownStabilized"), Condition("AbleToScale"));
        Live(300);
        Assert.Equal(1, Deployment().Spec.Replicas);
    }

    [Fact]
    public void Memory_of_one_container_by_value()
    {
        Deploy(2);
        _cluster.Create(
            Autoscaler(
                new V2MetricSpec
                {
                    Type = "ContainerResource",
                    ContainerResource = new()
                    {
                        Name = "memory",
                        Container = "app",
                        Target = new() { Type = "AverageValue", AverageValue = new("50Mi") },
                    },
                }
            )
        );
        _agent.Memory = 100 << 20;
        Live(60);
        Assert.Equal(4, Deployment().Spec.Replicas);
        Assert.Equal(
            "104857600",
            _cluster.Find<V2HorizontalPodAutoscaler>("web")!.Status.CurrentMetrics[0].ContainerResource.Current.AverageValue.ToString()
        );
    }

    [Fact]
    public void Pods_object_and_external_metrics_come_from_samples()
    {
        Deploy(2);
        Live(5);
        foreach (var pod in _cluster.List<V1Pod>(labelSelector: "app=web"))
        {
            Sample($"rps-{pod.Metadata.Name}", "rps", "30", ("v1", "Pod", pod.Metadata.Name));
        }
        _cluster.Create(
            Autoscaler(
                new V2MetricSpec
                {
                    Type = "Pods",
                    Pods = new()
                    {
                        Metric = new() { Name = "rps" },
                        Target = new() { Type = "AverageValue", AverageValue = new("10") },
                    },
                }
            )
        );
        Live(20);
        Assert.Equal(6, Deployment().Spec.Replicas);

        Sample("queue", "depth", "90", null, ("queue", "orders"));
        Sample("other", "depth", "9000", null, ("queue", "mails"));
        SetMetrics(
            new V2MetricSpec
            {
                Type = "External",
                External = new()
                {
                    Metric = new()
                    {
                        Name = "depth",
                        Selector = new() { MatchLabels = new Dictionary<string, string> { ["queue"] = "orders" } },
                    },
                    Target = new() { Type = "AverageValue", AverageValue = new("10") },
                },
            }
        );
        Live(20);
        Assert.Equal(9, Deployment().Spec.Replicas);

        Sample("hits", "hits", "100", ("v1", "Service", "front"));
        SetMetrics(
            new V2MetricSpec
            {
                Type = "Object",
                ObjectProperty = new()
                {
                    DescribedObject = new()
                    {
                        ApiVersion = "v1",
                        Kind = "Service",
                        Name = "front",
                    },
                    Metric = new() { Name = "hits" },
                    Target = new() { Type = "AverageValue", AverageValue = new("10") },
                },
            }
        );
        Live(20);
        Assert.Equal(10, Deployment().Spec.Replicas);
    }

    [Fact]
    public void An_expired_sample_does_not_count()
    {
        Deploy(2);
        Sample("queue", "depth", "90", null);
        _cluster.Create(Autoscaler(External("depth", "10")));
        Live(20);
        Assert.Equal(8, Deployment().Spec.Replicas); // limited to four more
        Live(200);
        Assert.Equal(("False", "FailedGetExternalMetric"), Condition("ScalingActive"));
        Assert.Equal(9, Deployment().Spec.Replicas);
    }

    [Fact]
    public void Failures_are_reported_in_upstreams_words()
    {
        Deploy(1);
        _cluster.Create(Autoscaler(External("nothing", "10"), Resource("memory", 50)));
        Live(20);

        string Message(string reason) => _cluster.List<Corev1Event>().First(e => e.Reason == reason).Message;
        var external = Message("FailedGetExternalMetric");
        Assert.StartsWith("unable to get external metric default/nothing", external, StringComparison.Ordinal);
        Assert.Equal(
            $"the HPA was unable to compute the replica count: {external}",
            Status().Conditions.Single(c => c.Type == "ScalingActive").Message
        );
        Assert.StartsWith("failed to get memory utilization: ", Message("FailedGetResourceMetric"), StringComparison.Ordinal);
        Assert.Equal(
            "invalid metrics (2 invalid out of 2), first error is: failed to get nothing external metric value: failed to get nothing "
                + $"external metric: {external}",
            Message("FailedComputeMetricsReplicas")
        );
    }

    [Fact]
    public void With_a_missing_metric_the_others_may_scale_up_but_not_down()
    {
        Deploy(4);
        Sample("queue", "depth", "60", null);
        _cluster.Create(Autoscaler(External("depth", "10"), External("nothing", "10")));
        Live(20);
        Assert.Equal(6, Deployment().Spec.Replicas);
        Assert.Equal(("True", "ValidMetricFound"), Condition("ScalingActive"));
        _cluster.Change<V1Deployment>("web", d => d.Spec.Replicas = 10);
        Live(40);
        Assert.Equal(10, Deployment().Spec.Replicas);
        Assert.Equal(("False", "FailedGetExternalMetric"), Condition("ScalingActive"));
    }

    [Fact]
    public void Bounds_hold_without_any_metric_and_zero_replicas_disable_scaling()
    {
        Deploy(1);
        var autoscaler = Autoscaler(Resource("cpu", 50));
        autoscaler.Spec.MinReplicas = 3;
        _cluster.Create(autoscaler);
        Live(5);
        Assert.Equal(3, Deployment().Spec.Replicas);
        _cluster.Change<V1Deployment>("web", d => d.Spec.Replicas = 0);
        Live(40);
        Assert.Equal(0, Deployment().Spec.Replicas);
        Assert.Equal(("False", "ScalingDisabled"), Condition("ScalingActive"));
    }

    [Fact]
    public void A_missing_target_is_reported()
    {
        _cluster.Create(Autoscaler(Resource("cpu", 50)));
        Live(5);
        Assert.Equal(("False", "FailedGetScale"), Condition("AbleToScale"));
        Deploy(1);
        Live(20);
        Assert.Equal("True", Condition("AbleToScale").Status);
    }

    [Fact]
    public void Two_autoscalers_of_the_same_pods_do_nothing()
    {
        Deploy(2);
        Sample("queue", "depth", "90", null);
        _cluster.Create(Autoscaler(External("depth", "10")));
        var second = Autoscaler(External("depth", "10"));
        second.Metadata.Name = "web2";
        _cluster.Create(second);
        Live(40);
        Assert.Equal("AmbiguousSelector", Condition("ScalingActive").Reason);
    }

    [Fact]
    public void Usage_is_served_in_the_format_of_metrics_server()
    {
        Deploy(1);
        _agent.Load = 0.1;
        _agent.Memory = 64 << 20;
        Live(60);
        JsonNode pods = null!,
            nodes = null!;
        _cluster.Do(
            async (user, stop) =>
            {
                pods = JsonNode.Parse(
                    (
                        await user.SendAsync(
                            "GET",
                            "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods",
                            [new("labelSelector", "app=web")],
                            null,
                            "",
                            stop
                        )
                    )
                        .Body
                        .Span
                )!;
                nodes = JsonNode.Parse(
                    (await user.SendAsync("GET", "/apis/metrics.k8s.io/v1beta1/nodes/n1", [], null, "", stop)).Body.Span
                )!;
            }
        );
        Assert.Equal("PodMetricsList", (string?)pods["kind"]);
        var pod = Assert.Single(pods["items"]!.AsArray())!;
        Assert.Equal("65536Ki", (string?)pod["containers"]![0]!["usage"]!["memory"]);
        Assert.Equal("15s", (string?)pod["window"]);
        Assert.InRange(
            double.Parse(
                ((string)pod["containers"]![0]!["usage"]!["cpu"]!).TrimEnd('n'),
                System.Globalization.CultureInfo.InvariantCulture
            ),
            99_999_000,
            100_001_000
        );
        Assert.Equal("NodeMetrics", (string?)nodes["kind"]);
        Assert.Equal("65536Ki", (string?)nodes["usage"]!["memory"]);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    // Fakes scheduler and agent: every pod runs on n1 and is ready, and the agent measures it.
    private void Live(double seconds)
    {
        for (var left = seconds; left > 0; left -= 5)
        {
            foreach (var pod in _cluster.List<V1Pod>().Where(p => p.Status?.Phase is null or "Pending"))
            {
                _cluster.Change<V1Pod>(
                    pod.Metadata.Name,
                    p =>
                        p.Status = new()
                        {
                            Phase = "Running",
                            // Long ago, so that the initialization period is over.
                            StartTime = _cluster.Now.AddMinutes(-10).UtcDateTime,
                            Conditions =
                            [
                                new()
                                {
                                    Type = "Ready",
                                    Status = "True",
                                    LastTransitionTime = _cluster.Now.AddMinutes(-9).UtcDateTime,
                                },
                            ],
                        },
                    status: true
                );
            }
            _agent.Pods = [.. _cluster.List<V1Pod>().Where(p => p.Metadata.DeletionTimestamp is null).Select(p => p.Metadata.Name)];
            _cluster.Run(Math.Min(5, left));
        }
    }

    private void Deploy(int replicas) =>
        _cluster.Create(
            new V1Deployment
            {
                ApiVersion = "apps/v1",
                Kind = "Deployment",
                Metadata = new() { Name = "web", NamespaceProperty = "default" },
                Spec = new()
                {
                    Replicas = replicas,
                    Selector = new() { MatchLabels = new Dictionary<string, string> { ["app"] = "web" } },
                    Template = new()
                    {
                        Metadata = new() { Labels = new Dictionary<string, string> { ["app"] = "web" } },
                        Spec = new()
                        {
                            Containers =
                            [
                                new()
                                {
                                    Name = "app",
                                    Image = "web:1",
                                    Resources = new() { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("200m") } },
                                },
                            ],
                        },
                    },
                },
            }
        );

    private static V2HorizontalPodAutoscaler Autoscaler(params V2MetricSpec[] metrics) =>
        new()
        {
            ApiVersion = "autoscaling/v2",
            Kind = "HorizontalPodAutoscaler",
            Metadata = new() { Name = "web", NamespaceProperty = "default" },
            Spec = new()
            {
                ScaleTargetRef = new()
                {
                    ApiVersion = "apps/v1",
                    Kind = "Deployment",
                    Name = "web",
                },
                MinReplicas = 1,
                MaxReplicas = 12,
                Metrics = metrics,
            },
        };

    private static V2MetricSpec Resource(string name, int percent) =>
        new()
        {
            Type = "Resource",
            Resource = new()
            {
                Name = name,
                Target = new() { Type = "Utilization", AverageUtilization = percent },
            },
        };

    private static V2MetricSpec External(string name, string average) =>
        new()
        {
            Type = "External",
            External = new()
            {
                Metric = new() { Name = name },
                Target = new() { Type = "AverageValue", AverageValue = new(average) },
            },
        };

    private void SetMetrics(params V2MetricSpec[] metrics) =>
        _cluster.Change<V2HorizontalPodAutoscaler>("web", a => a.Spec.Metrics = metrics);

    private void Sample(
        string name,
        string metric,
        string value,
        (string ApiVersion, string Kind, string Name)? about,
        params (string Key, string Value)[] labels
    )
    {
        var spec = new JsonObject { ["metric"] = metric, ["value"] = value };
        if (about is var (apiVersion, kind, objectName))
        {
            spec["describedObject"] = new JsonObject
            {
                ["apiVersion"] = apiVersion,
                ["kind"] = kind,
                ["name"] = objectName,
            };
        }
        if (labels.Length > 0)
        {
            spec["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));
        }
        var sample = new JsonObject
        {
            ["apiVersion"] = "metrics.petrel.dev/v1",
            ["kind"] = "MetricSample",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = spec,
        };
        _cluster.Do(
            async (user, stop) =>
                await user.SendAsync(
                    "POST",
                    "/apis/metrics.petrel.dev/v1/namespaces/default/metricsamples",
                    [],
                    Encoding.UTF8.GetBytes(sample.ToJsonString()),
                    "application/json",
                    stop
                )
        );
    }

    private V1Deployment Deployment() => _cluster.Find<V1Deployment>("web")!;

    private V2HorizontalPodAutoscalerStatus Status() => _cluster.Find<V2HorizontalPodAutoscaler>("web")!.Status;

    private (string Status, string Reason) Condition(string type) =>
        Status().Conditions.Where(c => c.Type == type).Select(c => (c.Status, c.Reason)).Single();

    /// <summary>A fake agent. Each pod has one container <c>app</c>; they share <see cref="Load"/>.</summary>
    private sealed class FakeAgent : INodeConnector
    {
        private readonly SortedDictionary<string, double> _cpu = new(StringComparer.Ordinal);
        private DateTimeOffset? _last;

        /// <summary>The CPU usage of all pods together, in cores.</summary>
        public double Load { get; set; }

        public long Memory { get; set; } = 10 << 20;

        public IReadOnlyList<string> Pods { get; set; } = [];

        public Func<DateTimeOffset> Now { get; set; } = null!;

        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        )
        {
            Assert.Equal("/metrics/resource", path);
            var now = Now();
            var passed = (now - (_last ?? now)).TotalSeconds;
            _last = now;
            var text = new StringBuilder();
            var at = now.ToUnixTimeMilliseconds();
            foreach (var pod in Pods)
            {
                _cpu[pod] = _cpu.GetValueOrDefault(pod) + Load / Pods.Count * passed;
                var labels = $"{{container=\"app\",namespace=\"default\",pod=\"{pod}\"}}";
                text.Append(
                    System.Globalization.CultureInfo.InvariantCulture,
                    $"container_cpu_usage_seconds_total{labels} {_cpu[pod]} {at}\ncontainer_memory_working_set_bytes{labels} "
                        + $"{Memory} {at}\ncontainer_start_time_seconds{labels} 1700000000\n"
                );
            }
            text.Append(
                System.Globalization.CultureInfo.InvariantCulture,
                $"node_cpu_usage_seconds_total {_cpu.Values.Sum()} {at}\nnode_memory_working_set_bytes {Memory * Pods.Count} {at}\n"
            );
            return new(
                new ApiResponse
                {
                    StatusCode = 200,
                    ContentType = "text/plain",
                    Body = Encoding.UTF8.GetBytes(text.ToString()),
                }
            );
        }
    }
}
