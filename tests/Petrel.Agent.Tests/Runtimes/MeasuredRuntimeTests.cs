using System.Net;
using Petrel.Agent.Http;
using Petrel.Agent.Metrics;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Model.Metrics;

namespace Petrel.Agent.Tests.Runtimes;

public sealed class MeasuredRuntimeTests
{
    [Fact]
    public async Task The_agent_tells_what_runs_and_what_its_runtime_did()
    {
        var registry = new MetricRegistry();
        using var bridge = new MeterBridge(registry);
        var runtime = new MeasuredRuntime(
            new SimulatedRuntime(
                TimeProvider.System,
                new SeededEntropy(1),
                new SimulatedRuntimeSettings
                {
                    Addresses = IPNetwork.Parse("10.200.9.0/30"),
                    SandboxLatency = Latency.Milliseconds(1, 2),
                    StartLatency = Latency.Milliseconds(1, 2),
                    PullLatency = Latency.Milliseconds(1, 2),
                }
            ),
            TimeProvider.System
        );
        var api = new KubeletApi(runtime, (_, _) => null, TimeProvider.System, new AgentMetrics("node-1", registry));
        await runtime.RunSandboxAsync(Pod("a"), CancellationToken.None);
        await Assert.ThrowsAsync<RuntimeException>(async () =>
        {
            // The range of addresses has few, and then none.
            for (var i = 0; i < 5; i++)
            {
                await runtime.RunSandboxAsync(Pod($"b{i}"), CancellationToken.None);
            }
        });

        var text = (await SendAsync(api, UserInfo.ControlPlane("test"))).BodyText;
        var pods = (await runtime.ListSandboxesAsync(CancellationToken.None)).Count;

        Assert.Contains("kubelet_node_name{node=\"node-1\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"kubelet_running_pods {pods}\n", text, StringComparison.Ordinal);
        Assert.Contains("kubelet_running_containers{container_state=\"running\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("kubelet_runtime_operations_errors_total{operation_type=\"run_podsandbox\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains(
            $"kubelet_runtime_operations_total{{operation_type=\"run_podsandbox\"}} {pods + 1}\n",
            text,
            StringComparison.Ordinal
        );
        Assert.Equal(403, (await SendAsync(api, UserInfo.Node("node-1"))).StatusCode);
    }

    private static SandboxSpec Pod(string name) =>
        new()
        {
            PodNamespace = "default",
            PodName = name,
            PodUid = name,
            Hostname = name,
        };

    private static ValueTask<ApiResponse> SendAsync(KubeletApi api, UserInfo user) =>
        api.HandleAsync(
            new ApiRequest
            {
                Method = "GET",
                Path = "/metrics",
                User = user,
            },
            CancellationToken.None
        );
}
