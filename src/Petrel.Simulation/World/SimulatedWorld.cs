using System.Text.Json;
using Petrel.ApiServer;
using Petrel.ApiServer.Kinds;
using Petrel.Client;
using Petrel.Model.Api;
using Petrel.Scheduler;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Faults;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Goals;
using Petrel.Simulation.Network;

namespace Petrel.Simulation.World;

/// <summary>
/// A cluster in one simulator: the API server over a disk that survives it, the controllers, the scheduler, nodes with their agents,
/// and a user, each in a process of its own, with lossy links to the server. The programs are the real ones.
/// </summary>
public sealed class SimulatedWorld : IFaultTarget
{
    private readonly Simulator _simulator;
    private readonly WorldSettings _settings;
    private readonly ISimulatedDisk _disk;
    private readonly CommitObserver _observer;
    private readonly SimulatedStorage _storage = new();
    private readonly List<SimulatedNode> _nodes;
    private ServerEndpoint? _endpoint;

    public SimulatedWorld(Simulator simulator, WorldSettings settings)
    {
        _simulator = simulator;
        _settings = settings;
        _disk = settings.Disk();
        Running = new(Facts, AllInvariants.OfRuns(Facts));
        _observer = new(simulator, Facts, AllInvariants.OfCommits(Facts));
        Network = new(simulator.History);
        Outside = simulator.CreateProcess("user");
        User = new(ClientOf(Outside, UserInfo.ControlPlane("admin")), Outside.Time, simulator.Entropy.Fork());
        Server = new(simulator, "server", ComposeServer) { Crashed = () => _endpoint = null };
        Controllers = new(simulator, "controllers", ComposeControllers);
        Scheduler = new(simulator, "scheduler", ComposeScheduler);
        _nodes = [.. Enumerable.Range(1, settings.Nodes).Select(NodeOf)];
    }

    public TimeProvider Clock => _simulator.Clock;

    /// <summary>A process that no fault touches: users, and whoever breaks things.</summary>
    public SimulatedProcess Outside { get; }

    public SimulatedUser User { get; }

    public AcknowledgedWrites AcknowledgedWrites { get; } = new();

    public long Commits => _observer.Commits;

    /// <summary>Everything that is committed.</summary>
    public ClusterFacts Facts { get; } = new();

    /// <summary>Everything that runs.</summary>
    public RunningPods Running { get; }

    /// <inheritdoc/>
    public SimulatedNetwork Network { get; }

    /// <inheritdoc/>
    public RestartableProcess Server { get; }

    /// <inheritdoc/>
    public RestartableProcess Controllers { get; }

    /// <inheritdoc/>
    public RestartableProcess Scheduler { get; }

    /// <inheritdoc/>
    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    /// <summary>Committed objects of a kind, by store key.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> Objects(string prefix) => Facts.Objects(prefix);

    /// <summary>What of the general goals is not reached yet: see <see cref="AllGoals"/>.</summary>
    public string? Unfinished() => AllGoals.Unfinished(Facts, Clock.GetUtcNow())
        ?? Running.Running.Where(p => Facts.ByUid(p.Uid) is null).Select(p => $"{p.Namespace}/{p.Name} ({p.Uid}) runs on {p.Node} and does not exist").FirstOrDefault();

    /// <summary>Starts everything.</summary>
    public void Start()
    {
        Server.Start();
        Controllers.Start();
        Scheduler.Start();
        foreach (var node in _nodes)
        {
            node.PowerOn();
        }
    }

    /// <summary>Records something that must not happen.</summary>
    public void Report(string rule, string what) => _simulator.Report(rule, what);

    /// <inheritdoc/>
    public void Restart(RestartableProcess process)
    {
        if (_nodes.Find(n => n.Agent == process) is { HasPower: false })
        {
            return;
        }
        process.Start();
    }

    /// <inheritdoc/>
    public void HealAll()
    {
        Network.HealAll();
        Server.Start();
        Controllers.Start();
        Scheduler.Start();
        foreach (var node in _nodes)
        {
            node.PowerOn();
        }
    }

    private void ComposeServer(SimulatedProcess process)
    {
        var options = new ApiServerOptions
        {
            NotReadyTolerationSeconds = _settings.TolerationSeconds,
            UnreachableTolerationSeconds = _settings.TolerationSeconds,
        };
        var server = new ApiServer.ApiServer(
            options,
            new ObservedStore(_disk.Open(), _observer.Observe),
            KindRegistry.BuiltIn,
            process.Time,
            _simulator.Entropy.Fork(),
            new NoNodeConnector(),
            LogsOf(process));
        _simulator.Spawn(process, "api server", server.RunAsync);
        _simulator.Spawn(process, "listener", async _ =>
        {
            await server.Ready;
            _endpoint = new(process, server);
        });
    }

    private void ComposeControllers(SimulatedProcess process)
    {
        var context = new ProgramContext(
            ClientOf(process, UserInfo.ControlPlane("kube-controller-manager")), process.Time, _simulator.Entropy.Fork(), LogsOf(process));
        _simulator.Spawn(process, "controllers", stop => _settings.Controllers(context, stop));
    }

    private void ComposeScheduler(SimulatedProcess process)
    {
        var scheduler = new PodScheduler(
            ClientOf(process, UserInfo.ControlPlane("kube-scheduler")), process.Time, _simulator.Entropy.Fork(), new SchedulerSettings(), LogsOf(process));
        _simulator.Spawn(process, "scheduler", scheduler.RunAsync);
    }

    private void ComposeAgent(SimulatedProcess process, SimulatedMachine machine)
    {
        var context = new AgentContext(
            ClientOf(process, UserInfo.Node(process.Name)), process.Time, _simulator.Entropy.Fork(), LogsOf(process), machine);
        _simulator.Spawn(process, "agent", stop => _settings.Agent(context, stop));
    }

    private SimulatedNode NodeOf(int number)
    {
        var name = $"node{number}";
        return new(
            _simulator,
            name,
            () => new(_simulator.CreateProcess($"{name}/machine"), number, _simulator.Entropy.Fork(), _storage, Running, Report),
            ComposeAgent,
            () =>
            {
                Running.NodeLost(name);
                _storage.NodeLost(name);
            });
    }

    private ApiClient ClientOf(SimulatedProcess process, UserInfo user) =>
        new(new SimulatedLink(Network, process, _simulator.Entropy.Fork(), () => _endpoint), user, process.Name);

    private HistoryLogs LogsOf(SimulatedProcess process) => new(_simulator.History, process, _settings.LogLevel);
}
