using System.Net;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Agent.Nodes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Client;
using Petrel.Model.Api;
using Petrel.Simulation.Execution;

namespace Petrel.Agent.Tests.Nodes;

public sealed class NodeReporterTests
{
    [Fact]
    public void A_node_that_the_API_refuses_is_reported_again_ever_more_rarely_until_the_interval_of_leases()
    {
        using var simulator = new Simulator(1);
        var process = simulator.CreateProcess("agent");
        var api = new RefusingApi();
        var settings = new AgentSettings
        {
            NodeName = "node1",
            NodeAddress = "10.200.255.1",
            PodCidr = "10.200.1.0/24",
            LeaseRenewInterval = TimeSpan.FromSeconds(10),
        };
        var runtime = new SimulatedRuntime(
            process.Time,
            simulator.Entropy.Fork(),
            new() { Addresses = IPNetwork.Parse("10.200.1.0/24"), Behaviour = _ => new() }
        );
        var client = new ApiClient(api, UserInfo.Node("node1"));
        var entropy = simulator.Entropy.Fork();
        var reporter = new NodeReporter(
            settings,
            client,
            runtime,
            process.Time,
            entropy,
            new EventRecorder(client, "kubelet", "node1", process.Time, entropy, NullLogger.Instance),
            NullLogger.Instance
        );
        simulator.Spawn(process, "reporter", reporter.RunAsync);
        simulator.RunUntil(() => false, TimeSpan.FromSeconds(100));
        // 0.5, 1, 2, 4 and 8 seconds, and then every ten.
        Assert.InRange(api.Writes, 10, 16);
    }

    /// <summary>An API server whose disk is full.</summary>
    private sealed class RefusingApi : IApiHandler
    {
        public int Writes { get; private set; }

        public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
        {
            Writes += request.Method == "POST" ? 1 : 0;
            var code = request is { Method: "GET", Path: "/api/v1/nodes/node1" } ? 404 : 507;
            return new(new ApiResponse { StatusCode = code, Body = Encoding.UTF8.GetBytes($$"""{"kind":"Status","code":{{code}}}""") });
        }
    }
}
