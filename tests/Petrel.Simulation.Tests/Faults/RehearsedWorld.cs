using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Network.Watches;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Runs;
using Petrel.Simulation.Timelines;
using Petrel.Simulation.World;

namespace Petrel.Simulation.Tests.Faults;

/// <summary>A small cluster in which a plan's faults and operations happen, with everything that they lead to.</summary>
internal sealed class RehearsedWorld : IDisposable
{
    public static readonly PlannedTarget Web = new("apps/v1", "deployments", "default", "web");

    private static readonly TimeSpan FaultsEnd = TimeSpan.FromSeconds(60);

    private readonly Simulator _simulator = new(new SimulatorSettings { Seed = 1 });
    private readonly SimulatedWorld _world;
    private readonly ErrorObserver _errors;

    public RehearsedWorld(IReadOnlyList<PlannedFault> faults, IReadOnlyList<PlannedOperation> operations, double seconds = 90)
    {
        var plan = new RunPlan
        {
            Scenario = "test",
            Seed = 1,
            World = new() { Nodes = 2, TolerationSeconds = 20 },
            FaultsEnd = FaultsEnd,
            Faults = faults,
            Operations = operations,
        };
        _world = new(_simulator, new() { Nodes = 2 }, plan) { Timeline = new(_simulator.Clock, Entries.Add) };
        _errors = new(_world.Network.Watches!);
        _world.Network.Watches = _errors;
        var user = new PlannedUser(plan, _world.User, _simulator.History);
        var injector = new FaultInjector(new WorldFaults(_world), BuiltInFaults.Registry, faults, new(_simulator.Clock, FaultsEnd), what =>
            _world.Note("fault", what)
        );
        _world.Start();
        _simulator.Spawn(_world.Outside, "faults", injector.RunAsync);
        _simulator.Spawn(_world.Outside, "user", user.RunAsync);
        _simulator.Run(TimeSpan.FromSeconds(seconds));
        Assert.Empty(_simulator.Findings);
    }

    public List<TimelineEntry> Entries { get; } = [];

    /// <summary>The watchers that were told an error: that what they want to resume from is gone.</summary>
    public IReadOnlyList<string> WatchErrors => _errors.Watchers;

    /// <summary>An object as it is in the end.</summary>
    public T Read<T>(string name)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        T? found = null;
        var reading = _simulator.Spawn(_world.Outside, "reader", async stop =>
            found = await _world.User.Client.GetAsync<T>(new("default", name), stop)
        );
        Assert.True(_simulator.RunUntil(() => reading.HasEnded, TimeSpan.FromMinutes(1)));
        return found!;
    }

    /// <summary>When it first happened.</summary>
    public double When(string who, string what) =>
        (
            Entries.FirstOrDefault(e => e.Who.StartsWith(who, StringComparison.Ordinal) && e.What.Contains(what, StringComparison.Ordinal))
            ?? throw new Xunit.Sdk.XunitException(
                $"'{who}: {what}' did not happen:\n{string.Join('\n', Entries.Where(e => !e.IsDetail).Select(TimelineText.Of))}"
            )
        )
            .At
            .TotalSeconds;

    public bool Happened(string who, string what) =>
        Entries.Exists(e => e.Who.StartsWith(who, StringComparison.Ordinal) && e.What.Contains(what, StringComparison.Ordinal));

    /// <summary>What a process had committed between two times.</summary>
    public IEnumerable<TimelineEntry> Commits(string who, double from, double until) =>
        Entries.Where(e =>
            e.Kind == TimelineKind.Commit
            && e.Who.StartsWith(who, StringComparison.Ordinal)
            && e.At.TotalSeconds > from
            && e.At.TotalSeconds < until
        );

    public void Dispose() => _simulator.Dispose();

    public static PlannedOperation Deploy(double at, int replicas) =>
        new()
        {
            At = TimeSpan.FromSeconds(at),
            Kind = OperationKind.Apply,
            Target = Web,
            Body = JsonNode
                .Parse(
                    """
                    {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default"},"spec":{"replicas":REPLICAS,
                     "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
                     "spec":{"terminationGracePeriodSeconds":1,"containers":[{"name":"web","image":"web:1"}]}}}}
                    """.Replace("REPLICAS", $"{replicas}", StringComparison.Ordinal)
                )!
                .AsObject(),
        };

    public static PlannedOperation CreateConfigMap(double at, string name) =>
        new()
        {
            At = TimeSpan.FromSeconds(at),
            Kind = OperationKind.Create,
            Target = new("v1", "configmaps", "default", name),
            Body = new()
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
            },
        };

    private sealed class ErrorObserver(IWatchObserver inner) : IWatchObserver
    {
        public List<string> Watchers { get; } = [];

        public void Began(ObservedWatch watch) => inner.Began(watch);

        public void Received(ObservedWatch watch, in ObservedEvent item)
        {
            inner.Received(watch, item);
            if (item.Type == ObservedEventType.Error)
            {
                Watchers.Add(watch.Watcher);
            }
        }

        public void Ended(ObservedWatch watch, string how) => inner.Ended(watch, how);
    }
}
