using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Model.Api;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Gangs;
using Petrel.Scheduler.Settings;
using Petrel.Simulation.Execution;
using Petrel.Store.Memory;

namespace Petrel.Scheduler.Tests;

/// <summary>
/// The real API server and the real scheduler in virtual time, with what can go wrong between them, and a user. There are no agents: pods
/// on nodes neither start nor end.
/// </summary>
internal sealed class TestWorld : IApiHandler, IAsyncDisposable
{
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _serverProcess;
    private readonly SchedulerSettings _settings;
    private SimulatedProcess _schedulerProcess;

    public TestWorld(ulong seed = 1, SchedulerSettings? settings = null)
    {
        Simulator = new(seed);
        _settings = settings ?? new();
        _serverProcess = Simulator.CreateProcess("server");
        Server = new(
            new ApiServerOptions(),
            _store,
            BuiltInKinds.Registry,
            _serverProcess.Time,
            Simulator.Entropy.Fork(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        User = new(Server, new UserInfo("admin", [UserInfo.MastersGroup]));
        Simulator.Spawn(_serverProcess, "api", Server.RunAsync);
        Assert.True(Simulator.RunUntil(() => Server.Ready.IsCompletedSuccessfully, TimeSpan.FromSeconds(10)));
        _schedulerProcess = StartScheduler();
    }

    public Simulator Simulator { get; }

    public Petrel.ApiServer.Composition.ApiServer Server { get; }

    public ApiClient User { get; }

    public DecisionLog Decisions { get; } = new(new());

    /// <summary>What happens to the scheduler's requests.</summary>
    public Func<ApiRequest, Fault> Faults { get; set; } = _ => Fault.None;

    /// <summary>Every request of the scheduler that the server saw, as METHOD and path.</summary>
    public List<string> Seen { get; } = [];

    public void KillScheduler() => _schedulerProcess.Kill();

    public void RestartScheduler()
    {
        KillScheduler();
        _schedulerProcess = StartScheduler();
    }

    public void Do(Func<CancellationToken, Task> work)
    {
        var component = Simulator.Spawn(_serverProcess, "user", work);
        Assert.True(Simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(10)));
        Assert.Empty(Simulator.Findings);
    }

    public void Run(double seconds)
    {
        Simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(Simulator.Findings);
    }

    public void RunUntil(Func<bool> condition, double seconds = 60)
    {
        Assert.True(Simulator.RunUntil(condition, TimeSpan.FromSeconds(seconds)));
        Assert.Empty(Simulator.Findings);
    }

    public void Create<T>(params IEnumerable<T> objects)
        where T : IKubernetesObject<V1ObjectMeta> =>
        Do(async stop =>
        {
            foreach (var one in objects)
            {
                await User.CreateAsync(one, stop);
            }
        });

    public T Get<T>(string name, string ns = "default")
        where T : IKubernetesObject<V1ObjectMeta>
    {
        T result = default!;
        Do(async stop => result = await User.GetAsync<T>(new(ns, name), stop));
        return result;
    }

    public IReadOnlyList<T> List<T>(string ns = "default")
        where T : IKubernetesObject<V1ObjectMeta>
    {
        IReadOnlyList<T> result = [];
        Do(async stop => (result, _) = await User.ListAsync<T>(ns, stop));
        return result;
    }

    public V1Pod Pod(string name) => Get<V1Pod>(name);

    /// <summary>The nodes of all pods: <c>name@node</c>, in the order of names; nothing after the @ for those that have none.</summary>
    public string[] Nodes() => [.. List<V1Pod>().Select(p => $"{p.Metadata.Name}@{p.Spec.NodeName}")];

    /// <summary>Removes pods at once, as their agent does when they have terminated.</summary>
    public void End(params string[] pods) =>
        Do(async stop =>
        {
            foreach (var pod in pods)
            {
                await User.DeleteAsync<V1Pod>(new("default", pod), new() { GracePeriodSeconds = 0 }, stop);
            }
        });

    /// <summary>Removes all terminating pods.</summary>
    public void EndTerminating() =>
        End([.. List<V1Pod>().Where(p => p.Metadata.DeletionTimestamp is not null).Select(p => p.Metadata.Name)]);

    /// <summary>Creates a priority class and returns its name: <c>p5</c>, or <c>m5</c> for -5.</summary>
    public string Class(int value)
    {
        var name = value < 0 ? $"m{-value}" : $"p{value}";
        Create(
            new V1PriorityClass
            {
                ApiVersion = "scheduling.k8s.io/v1",
                Kind = "PriorityClass",
                Metadata = new() { Name = name },
                Value = value,
            }
        );
        return name;
    }

    public void CreateGroup(string name, int minMember, int? timeoutSeconds = null, string? priorityClass = null) =>
        Create(
            new PodGroup
            {
                Metadata = new() { Name = name, NamespaceProperty = "default" },
                Spec = new()
                {
                    MinMember = minMember,
                    ScheduleTimeoutSeconds = timeoutSeconds,
                    PriorityClassName = priorityClass,
                },
            }
        );

    /// <summary>A pod of a group.</summary>
    public static V1Pod Member(string group, string name, string cpu = "1", Action<V1PodSpec>? with = null) =>
        Make.Pod(name, cpu, labels: Make.Labels($"{PodGroup.MemberLabel}={group}"), with: with);

    async ValueTask<ApiResponse> IApiHandler.HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        var fault = Faults(request);
        if (fault is Fault.LoseRequest or Fault.Late)
        {
            throw new IOException("connection reset");
        }
        Seen.Add($"{request.Method} {request.Path}");
        var response = await Server.HandleAsync(request, cancellationToken);
        return fault == Fault.LoseAnswer ? throw new IOException("connection reset") : response;
    }

    public ValueTask DisposeAsync()
    {
        Simulator.Dispose();
        return _store.DisposeAsync();
    }

    private SimulatedProcess StartScheduler()
    {
        var process = Simulator.CreateProcess("scheduler");
        var scheduler = new PodScheduler(
            new(this, UserInfo.ControlPlane("kube-scheduler")),
            process.Time,
            Simulator.Entropy.Fork(),
            _settings,
            NullLoggerFactory.Instance,
            Decisions
        );
        Simulator.Spawn(process, "scheduler", scheduler.RunAsync);
        return process;
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
