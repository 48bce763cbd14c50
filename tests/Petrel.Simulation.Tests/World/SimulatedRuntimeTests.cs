using System.Net;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Tests.World;

/// <summary>The simulated runtime as the simulator hosts it: on a machine's process, called from an agent's, which dies at times.</summary>
public sealed class SimulatedRuntimeTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly Simulator _simulator = new(7);
    private readonly SimulatedProcess _machine;
    private readonly List<string> _changes = [];
    private SimulatedRuntime _runtime;
    private SimulatedProcess _agent;

    public SimulatedRuntimeTests()
    {
        _machine = _simulator.CreateProcess("machine1");
        _runtime = NewRuntime(_ => new ContainerBehaviour());
        _agent = _simulator.CreateProcess("node1");
    }

    [Fact]
    public void A_program_ends_on_time_while_no_agent_lives_and_the_next_one_hears_of_later_ends()
    {
        _runtime = NewRuntime(spec => new ContainerBehaviour
        {
            EndsAfter = TimeSpan.FromSeconds(spec.Name == "first" ? 10 : 30),
            ExitCode = 4,
        });
        Do(async () =>
        {
            var sandbox = await _runtime.RunSandboxAsync(Pod(), None);
            foreach (var name in (string[])["first", "second"])
            {
                await _runtime.StartContainerAsync(await _runtime.CreateContainerAsync(sandbox.Id, Container(name), None), None);
            }
        });
        _agent.Kill();
        _simulator.Run(TimeSpan.FromSeconds(20));
        var changes = new List<string>();
        Do(async () =>
        {
            _runtime.PodChanged = changes.Add;
            await _runtime.StartAsync(None);
        });
        var first = Containers()[0];
        Assert.Equal(
            (ContainerState.Exited, 4, TimeSpan.FromSeconds(10)),
            (first.State, first.ExitCode, first.FinishedAt - first.StartedAt)
        );
        Assert.Equal(ContainerState.Running, Containers()[1].State);
        Assert.Empty(changes);
        _simulator.Run(TimeSpan.FromSeconds(20));
        Assert.Equal(["uid"], changes);
    }

    [Fact]
    public void An_agent_that_dies_in_a_call_leaves_what_was_before_it_and_the_call_can_be_made_again()
    {
        string? id = null;
        Begin(async () => await _runtime.RunSandboxAsync(Pod(), None));
        Do(() => Task.CompletedTask);
        _agent.Kill();
        _simulator.Run(TimeSpan.FromSeconds(5));
        Assert.Empty(Sandboxes());

        Do(async () => id = await _runtime.CreateContainerAsync((await _runtime.RunSandboxAsync(Pod(), None)).Id, Container("main"), None));
        Begin(async () => await _runtime.StartContainerAsync(id!, None));
        Do(() => Task.CompletedTask);
        _agent.Kill();
        _simulator.Run(TimeSpan.FromSeconds(5));
        Assert.Equal(ContainerState.Created, Containers().Single().State);
        Do(async () => await _runtime.StartContainerAsync(id!, None));
        Assert.Equal(ContainerState.Running, Containers().Single().State);
    }

    [Fact]
    public void A_program_that_was_sent_SIGTERM_ends_though_the_agent_dies()
    {
        _runtime = NewRuntime(_ => new ContainerBehaviour { TerminationTime = TimeSpan.FromSeconds(3) });
        string? id = null;
        Do(async () =>
        {
            id = await _runtime.CreateContainerAsync((await _runtime.RunSandboxAsync(Pod(), None)).Id, Container("main"), None);
            await _runtime.StartContainerAsync(id, None);
        });
        Begin(async () => await _runtime.StopContainerAsync(id!, TimeSpan.FromSeconds(30), None));
        Do(() => Task.CompletedTask);
        _agent.Kill();
        _simulator.Run(TimeSpan.FromSeconds(2));
        Assert.Equal(ContainerState.Running, Containers().Single().State);
        _simulator.Run(TimeSpan.FromSeconds(2));
        Assert.Equal((ContainerState.Exited, 143), (Containers().Single().State, Containers().Single().ExitCode));
    }

    [Fact]
    public void Stopping_ends_when_the_program_does_and_not_before_its_time()
    {
        _runtime = NewRuntime(_ => new ContainerBehaviour { TerminationTime = TimeSpan.FromSeconds(3) });
        var (began, ended) = (TimeSpan.Zero, TimeSpan.Zero);
        Do(async () =>
        {
            var id = await _runtime.CreateContainerAsync((await _runtime.RunSandboxAsync(Pod(), None)).Id, Container("main"), None);
            await _runtime.StartContainerAsync(id, None);
            began = _simulator.Clock.Elapsed;
            await _runtime.StopContainerAsync(id, TimeSpan.FromSeconds(30), None);
            ended = _simulator.Clock.Elapsed;
        });
        Assert.Equal(TimeSpan.FromSeconds(3), ended - began);
    }

    public void Dispose() => _simulator.Dispose();

    private SimulatedRuntime NewRuntime(Func<ContainerSpec, ContainerBehaviour> behaviour) =>
        new(
            _machine.Time,
            _simulator.Entropy.Fork(),
            new()
            {
                Addresses = IPNetwork.Parse("10.200.1.0/24"),
                Images = ["app"],
                Behaviour = behaviour,
            }
        )
        {
            PodChanged = _changes.Add,
        };

    // Begins a call in the agent's process without waiting for it.
    private void Begin(Func<Task> work) => _simulator.Spawn(_agent, "call", _ => work());

    // Does something in the agent's process, a new one when it is dead, to its end.
    private void Do(Func<Task> work)
    {
        if (!_agent.IsAlive)
        {
            _agent = _simulator.CreateProcess("node1");
        }
        var component = _simulator.Spawn(_agent, "work", _ => work());
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromMinutes(1)));
        Assert.Empty(_simulator.Findings);
    }

    private List<ContainerStatus> Containers()
    {
        var list = new List<ContainerStatus>();
        Do(async () => list.AddRange(await _runtime.ListContainersAsync(None)));
        return list;
    }

    private List<SandboxStatus> Sandboxes()
    {
        var list = new List<SandboxStatus>();
        Do(async () => list.AddRange(await _runtime.ListSandboxesAsync(None)));
        return list;
    }

    private static SandboxSpec Pod() =>
        new()
        {
            PodNamespace = "default",
            PodName = "web",
            PodUid = "uid",
            Hostname = "web",
        };

    private static ContainerSpec Container(string name) =>
        new()
        {
            Name = name,
            Image = "app",
            LogPath = "/simulated/log",
        };
}
