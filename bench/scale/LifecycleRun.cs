using System.Collections.Concurrent;
using System.Diagnostics;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Controllers.Composition;
using Petrel.Controllers.Configuration;
using Petrel.Model.Api;
using Petrel.Scheduler;
using Petrel.Security;
using Petrel.SimulatedNodes;
using Petrel.SimulatedNodes.Composition;
using Petrel.Store.Memory;

namespace Petrel.Bench.Scale;

/// <summary>
/// What a pod takes from a Deployment to Running: server, controllers, scheduler and simulated nodes in this process, over the store in
/// memory, without sockets. Prints processor time and bytes for each pod, which hold on a busy machine, and the requests that it took.
/// </summary>
internal static class LifecycleRun
{
    private const int PerDeployment = 500;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task MeasureAsync(int nodes, int pods)
    {
        await using var store = new MemoryStore();
        using var stopping = new CancellationTokenSource(Patience);
        var stop = stopping.Token;
        var server = new ApiServer.Composition.ApiServer(
            new ApiServerOptions(),
            store,
            BuiltInKinds.Registry,
            TimeProvider.System,
            new SystemEntropy(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        var api = new Counter(server);
        List<Task> running = [server.RunAsync(stop)];
        await server.Ready.WaitAsync(stop);
        var settings = new ControllerSettings
        {
            NodeMonitorGracePeriod = TimeSpan.FromMinutes(2),
            NodeMonitorPeriod = TimeSpan.FromSeconds(5),
        };
        ApiClient As(string component) => new(api, UserInfo.ControlPlane(component), component);
        running.Add(
            new ControllerManager(
                As("kube-controller-manager"),
                TimeProvider.System,
                new SystemEntropy(),
                settings,
                NullLoggerFactory.Instance
            ).RunAsync(stop)
        );
        running.Add(
            new PodScheduler(As("kube-scheduler"), TimeProvider.System, new SystemEntropy(), new(), NullLoggerFactory.Instance).RunAsync(
                stop
            )
        );
        using var simulator = new NodeSimulator(
            new SimulatedNodesSettings { Count = nodes, Zones = 3 },
            new ApiClient(api, new UserInfo("admin", [UserInfo.MastersGroup]), "sim-nodes"),
            TimeProvider.System,
            NullLoggerFactory.Instance
        );
        running.Add(simulator.RunAsync(stop));
        await UntilAsync(() => simulator.Progress.Ready == nodes, stop);
        var user = new ApiClient(server, new UserInfo("admin", [UserInfo.MastersGroup]));
        // The compiler is done with most of what is hot after the first pods.
        await DeployAsync(user, "first", Math.Min(PerDeployment, pods), stop);
        await UntilAsync(() => simulator.Progress.Running == Math.Min(PerDeployment, pods), stop);
        await Task.Delay(TimeSpan.FromSeconds(2), stop);

        api.Requests.Clear();
        GC.Collect();
        var (bytes, time, pause) = (GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime, GC.GetTotalPauseDuration());
        var clock = Stopwatch.StartNew();
        for (var i = 0; i * PerDeployment < pods; i++)
        {
            await DeployAsync(user, $"web-{i}", Math.Min(PerDeployment, pods - i * PerDeployment), stop);
        }
        await UntilAsync(() => simulator.Progress.Running == pods + Math.Min(PerDeployment, pods), stop);
        var seconds = clock.Elapsed.TotalSeconds;
        var taken = Environment.CpuUsage.TotalTime - time;
        Console.WriteLine($"{nodes} nodes, {pods} pods from created to Running, in one process with all that makes them run:");
        Console.WriteLine($"  {pods / seconds, 10:0} pods/s ({seconds:0.0} s)");
        Console.WriteLine(
            $"  {taken.TotalMicroseconds / pods, 10:0} us of processor per pod: {pods / taken.TotalSeconds * 2:0} pods/s on two cores alone"
        );
        Console.WriteLine($"  {(GC.GetTotalAllocatedBytes() - bytes) / (double)pods / 1024, 10:0} KiB allocated per pod");
        Console.WriteLine($"  {(GC.GetTotalPauseDuration() - pause).TotalMicroseconds / pods, 10:0} us of pauses per pod");
        foreach (var (request, count) in api.Requests.OrderByDescending(r => r.Value).Take(16))
        {
            Console.WriteLine($"  {count / (double)pods, 10:0.000} {request}");
        }
        await stopping.CancelAsync();
        await Task.WhenAll(running).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    private static async Task DeployAsync(ApiClient user, string name, int replicas, CancellationToken stop)
    {
        var labels = new Dictionary<string, string> { ["app"] = name };
        await user.CreateAsync(
            new V1Service
            {
                ApiVersion = "v1",
                Kind = "Service",
                Metadata = new() { Name = name, NamespaceProperty = "default" },
                Spec = new() { Selector = labels, Ports = [new() { Port = 80 }] },
            },
            stop
        );
        await user.CreateAsync(
            new V1Deployment
            {
                ApiVersion = "apps/v1",
                Kind = "Deployment",
                Metadata = new() { Name = name, NamespaceProperty = "default" },
                Spec = new()
                {
                    Replicas = replicas,
                    Selector = new() { MatchLabels = labels },
                    Template = new()
                    {
                        Metadata = new() { Labels = labels },
                        Spec = new()
                        {
                            Containers =
                            [
                                new()
                                {
                                    Name = "web",
                                    Image = "registry.example/web:1",
                                    Resources = new() { Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("10m") } },
                                },
                            ],
                        },
                    },
                },
            },
            stop
        );
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken stop)
    {
        while (!condition())
        {
            await Task.Delay(20, stop);
        }
    }

    /// <summary>Counts requests by client, verb and collection.</summary>
    private sealed class Counter(IApiHandler inner) : IApiHandler
    {
        public ConcurrentDictionary<string, long> Requests { get; } = new();

        public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
        {
            var steps = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
            var at =
                Array.IndexOf(steps, "namespaces") is >= 0 and var found && found + 2 < steps.Length
                    ? found + 2
                    : Math.Min(2, steps.Length - 1);
            var subresource = steps.Length > at + 2 ? "/" + steps[^1] : "";
            Requests.AddOrUpdate($"{request.UserAgent} {request.Method} {steps[at]}{subresource}", 1, static (_, count) => count + 1);
            return inner.HandleAsync(request, cancellationToken);
        }
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("no nodes here");
    }
}
