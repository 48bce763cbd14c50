using System.Text.Json;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Client;
using Petrel.Faults.Capabilities;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Invariants;
using Petrel.Simulation.Invariants.Facts;
using Petrel.Simulation.Invariants.Goals;
using Petrel.Simulation.Network;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Timelines;
using Petrel.Store;

namespace Petrel.Simulation.World;

/// <summary>
/// A cluster in one simulator: the API server over a disk that survives it, the controllers, the scheduler, nodes with their agents,
/// and a user, each in a process of its own, with lossy links to the server. The programs are the real ones.
/// </summary>
public sealed class SimulatedWorld
{
    private const int ReadsInFlight = 16;
    private const int ListSeats = 40;

    private readonly Simulator _simulator;
    private readonly WorldSettings _settings;
    private readonly ISimulatedDisk _disk;
    private readonly CommitObserver _observer;
    private readonly SimulatedStorage _storage = new();
    private readonly WatchHistoryInvariant _watches;
    private readonly List<SimulatedNode> _nodes;
    private IRevisionedStore? _store;
    private ServerEndpoint? _endpoint;

    /// <param name="simulator">The run.</param>
    /// <param name="settings">The cluster.</param>
    /// <param name="plan">The plan of the run.</param>
    public SimulatedWorld(Simulator simulator, WorldSettings settings, RunPlan plan)
    {
        Plan = plan;
        _simulator = simulator;
        _settings = settings;
        _disk = settings.Disk();
        Running = new(Facts, AllInvariants.OfRuns(Facts));
        _observer = new(simulator, Facts, AllInvariants.OfCommits(Facts));
        _watches = new(settings.WatchWindow, Report);
        Network = new(simulator.History) { Watches = _watches };
        Outside = simulator.CreateProcess("user");
        User = new(ClientOf(Outside, UserInfo.ControlPlane("admin")), Outside.Time, simulator.EntropyFor("user"));
        Disk = new(simulator.EntropyFor("disk")) { Crash = () => Server!.Crash() };
        Server = new(simulator, ClusterProcess.Server, ComposeServer) { Crashed = () => _endpoint = null };
        Controllers = new(simulator, ClusterProcess.Controllers, ComposeControllers);
        Scheduler = new(simulator, ClusterProcess.Scheduler, ComposeScheduler);
        _nodes = [.. Enumerable.Range(1, settings.Nodes).Select(NodeOf)];
    }

    /// <summary>What happens.</summary>
    public RunPlan Plan { get; }

    public TimeProvider Clock => _simulator.Clock;

    /// <summary>A process that faults do not affect. Users and the fault injector run in it.</summary>
    public SimulatedProcess Outside { get; }

    public SimulatedUser User { get; }

    public AcknowledgedWrites AcknowledgedWrites { get; } = new();

    public long Commits => _observer.Commits;

    /// <summary>The committed state.</summary>
    public ClusterFacts Facts { get; } = new();

    /// <summary>The running containers, by the machines' account.</summary>
    public RunningPods Running { get; }

    /// <summary>Records what happens; null for no record.</summary>
    public TimelineRecorder? Timeline
    {
        get;
        init
        {
            field = value;
            Network.MarksOrigin = value is not null;
            _simulator.History.Appended = value is null ? null : value.Line;
        }
    }

    public SimulatedNetwork Network { get; }

    /// <summary>What is wrong with the server's disk.</summary>
    public DiskFaults Disk { get; }

    public RestartableProcess Server { get; }

    public RestartableProcess Controllers { get; }

    public RestartableProcess Scheduler { get; }

    public IReadOnlyList<SimulatedNode> Nodes => _nodes;

    /// <summary>Committed objects of a kind, by store key.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> Objects(string prefix) => Facts.Objects(prefix);

    /// <summary>What is missing for the goals, or null. Without arguments these are all goals: see <see cref="AllGoals"/>.</summary>
    public string? Unfinished(params IReadOnlyList<IGoal> goals)
    {
        var now = Clock.GetUtcNow();
        foreach (var goal in goals.Count > 0 ? goals : AllGoals.Goals)
        {
            if (goal.Unfinished(Facts, now) is { } unfinished)
            {
                return unfinished;
            }
        }
        return Running
            .Running.Where(p => Facts.ByUid(p.Uid) is null)
            .Select(p => $"{p.Namespace}/{p.Name} ({p.Uid}) runs on {p.Node} and does not exist")
            .FirstOrDefault();
    }

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

    /// <summary>Records a violation.</summary>
    public void Report(string rule, string what) => _simulator.Report(rule, what);

    /// <summary>Writes a line of the run's history.</summary>
    public void Note(string who, string what) => _simulator.History.Append(who, what);

    /// <summary>The store forgets all revisions before the current one.</summary>
    internal ValueTask CompactAsync(CancellationToken cancellationToken) =>
        _store is { } store ? store.CompactAsync(store.CurrentRevision, cancellationToken) : default;

    private void ComposeServer(SimulatedProcess process)
    {
        var options = new ApiServerOptions
        {
            NotReadyTolerationSeconds = _settings.TolerationSeconds,
            UnreachableTolerationSeconds = _settings.TolerationSeconds,
            WatchWindow = _settings.WatchWindow,
            // The default depends on the machine, and runs must not.
            MaxReadsInFlight = ReadsInFlight,
            MaxListSeats = ListSeats,
        };
        _store = _disk.Open();
        var server = new ApiServer.Composition.ApiServer(
            options,
            new FaultyStore(new ObservedStore(_store, Committed), Disk, process.Time),
            BuiltInKinds.Registry,
            process.Time,
            EntropyOf(process),
            new NoNodeConnector(),
            LogsOf(process)
        );
        _simulator.Spawn(process, "api server", server.RunAsync);
        _simulator.Spawn(process, "listener", async _ =>
        {
            await server.Ready;
            _endpoint = new(process, server);
        });
    }

    private void Committed(IReadOnlyList<StoreOperation> operations, long revision)
    {
        Timeline?.Committed(operations);
        _watches.Committed(operations, revision);
        _observer.Observe(operations, revision);
    }

    private void ComposeControllers(SimulatedProcess process)
    {
        var context = new ProgramContext(
            ClientOf(process, UserInfo.ControlPlane("kube-controller-manager")),
            process.Time,
            EntropyOf(process),
            LogsOf(process)
        );
        _simulator.Spawn(process, "controllers", stop => _settings.Controllers(context, stop));
    }

    private void ComposeScheduler(SimulatedProcess process)
    {
        var context = new ProgramContext(
            ClientOf(process, UserInfo.ControlPlane("kube-scheduler")),
            process.Time,
            EntropyOf(process),
            LogsOf(process)
        );
        _simulator.Spawn(process, "scheduler", stop => _settings.Scheduler(context, stop));
    }

    private void ComposeAgent(SimulatedProcess process, SimulatedMachine machine)
    {
        var context = new AgentContext(
            ClientOf(process, UserInfo.Node(process.Name)),
            process.Time,
            EntropyOf(process),
            LogsOf(process),
            machine
        );
        _simulator.Spawn(process, "agent", stop => _settings.Agent(context, stop));
    }

    private SimulatedNode NodeOf(int number)
    {
        var name = $"node{number}";
        return new(
            _simulator,
            name,
            () => MachineOf(number, _simulator.CreateProcess($"{name}/machine")),
            ComposeAgent,
            () =>
            {
                Running.NodeLost(name);
                _storage.NodeLost(name);
            }
        );
    }

    private ApiClient ClientOf(SimulatedProcess process, UserInfo user) =>
        new(
            _settings.WrapLink(
                process.Name,
                new SimulatedLink(Network, process, _simulator.EntropyFor($"{process} link"), () => _endpoint)
            ),
            user,
            process.Name
        );

    private SimulatedMachine MachineOf(int number, SimulatedProcess process) =>
        new(process, number, EntropyOf(process), _storage, Running, Report, Note);

    // Depends on the incarnation alone, and not on what else has started before.
    private SeededEntropy EntropyOf(SimulatedProcess process) => _simulator.EntropyFor(process.ToString());

    private RunHistoryLogs LogsOf(SimulatedProcess process) => new(_simulator.History, process, _settings.LogLevel);
}
