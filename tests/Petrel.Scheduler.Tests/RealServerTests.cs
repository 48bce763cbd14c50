using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Model.Api;
using Petrel.Model.Metrics;
using Petrel.Simulation.Execution;
using Petrel.Store.Memory;

namespace Petrel.Scheduler.Tests;

/// <summary>The scheduler with the real API server.</summary>
public sealed class RealServerTests : IAsyncDisposable
{
    private readonly Simulator _simulator = new(1);
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _process;
    private readonly ApiClient _user;

    public RealServerTests()
    {
        _process = _simulator.CreateProcess("server");
        var server = new ApiServer.Composition.ApiServer(
            new ApiServerOptions(),
            _store,
            BuiltInKinds.Registry,
            _process.Time,
            _simulator.Entropy.Fork(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        _user = new(server, new UserInfo("admin", [UserInfo.MastersGroup]));
        _simulator.Spawn(_process, "api", server.RunAsync);
        Assert.True(_simulator.RunUntil(() => server.Ready.IsCompletedSuccessfully, TimeSpan.FromSeconds(10)));
        var scheduler = new PodScheduler(
            new(server, UserInfo.ControlPlane("kube-scheduler")),
            _process.Time,
            _simulator.Entropy.Fork(),
            new(),
            NullLoggerFactory.Instance
        );
        _simulator.Spawn(_process, "scheduler", scheduler.RunAsync);
    }

    [Fact]
    public void Pods_are_bound_or_told_why_not()
    {
        var metrics = new MetricRegistry();
        using var bridge = new MeterBridge(metrics);
        Do(async stop =>
        {
            await _user.CreateAsync(Make.Node("node1", cpu: "1"), stop);
            await _user.CreateAsync(Make.Pod("first", "600m", labels: Make.Labels("app=web")), stop);
        });
        Run(2);
        Do(async stop => await _user.CreateAsync(Make.Pod("second", "600m"), stop));
        Run(2);

        var text = metrics.Text();
        Assert.Contains(
            "scheduler_schedule_attempts_total{result=\"scheduled\",profile=\"default-scheduler\"}",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "scheduler_schedule_attempts_total{result=\"unschedulable\",profile=\"default-scheduler\"}",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("scheduler_pending_pods{queue=\"unschedulable\"}", text, StringComparison.Ordinal);
        Assert.Contains("scheduler_pod_scheduling_sli_duration_seconds_count{attempts=\"1\"}", text, StringComparison.Ordinal);
        var first = Get<V1Pod>("first");
        Assert.Equal("node1", first.Spec.NodeName);
        Assert.Contains(first.Status.Conditions, c => c is { Type: "PodScheduled", Status: "True" });
        var second = Get<V1Pod>("second");
        Assert.Null(second.Spec.NodeName);
        var condition = Assert.Single(second.Status.Conditions, c => c.Type == "PodScheduled");
        Assert.Equal(
            (
                "False",
                "Unschedulable",
                "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims "
                    + "found for incoming pod."
            ),
            (condition.Status, condition.Reason, condition.Message)
        );
        Assert.Equal("Pending", second.Status.Phase);

        Do(async stop => await _user.DeleteAsync<V1Pod>(new("default", "first"), new() { GracePeriodSeconds = 0 }, stop));
        Run(12);
        second = Get<V1Pod>("second");
        Assert.Equal("node1", second.Spec.NodeName);
        Assert.Equal("True", Assert.Single(second.Status.Conditions, c => c.Type == "PodScheduled").Status);
        Assert.Equal(
            ["FailedScheduling", "Scheduled", "Scheduled"],
            List<Corev1Event>().Select(e => e.Reason).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void The_same_failure_again_raises_the_events_count()
    {
        Do(async stop =>
        {
            await _user.CreateAsync(Make.Node("node1", cpu: "1"), stop);
            await _user.CreateAsync(Make.Pod("big", "2"), stop);
        });
        Run(2);
        Run(300);
        var failed = Assert.Single(List<Corev1Event>());
        Assert.Equal(2, failed.Count);
        Assert.True(failed.LastTimestamp - failed.FirstTimestamp >= TimeSpan.FromMinutes(5));
    }

    public ValueTask DisposeAsync()
    {
        _simulator.Dispose();
        return _store.DisposeAsync();
    }

    private void Do(Func<CancellationToken, Task> work)
    {
        var component = _simulator.Spawn(_process, "user", work);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(10)));
        Assert.Empty(_simulator.Findings);
    }

    private void Run(double seconds)
    {
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    private T Get<T>(string name)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        T result = default!;
        Do(async stop => result = await _user.GetAsync<T>(new("default", name), stop));
        return result;
    }

    private IReadOnlyList<T> List<T>()
        where T : IKubernetesObject<V1ObjectMeta>
    {
        IReadOnlyList<T> result = [];
        Do(async stop => (result, _) = await _user.ListAsync<T>("default", stop));
        return result;
    }

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("no agents here");
    }
}
