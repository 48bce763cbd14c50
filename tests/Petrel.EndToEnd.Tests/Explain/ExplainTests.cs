using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Cli.Explain;
using Petrel.Cli.Hosting;
using Petrel.Client;
using Petrel.LocalCluster;
using Petrel.Model.Api;
using Petrel.Scheduler;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Gangs;
using Petrel.Scheduler.Settings;
using Petrel.Simulation.Execution;
using Petrel.Store.Memory;
using Spectre.Console;

namespace Petrel.EndToEnd.Tests.Explain;

/// <summary><c>petrel explain pod</c> as the program runs it, against a server and a scheduler in this process, in virtual time.</summary>
public sealed class ExplainTests : IApiHandler, IAsyncDisposable
{
    private static readonly UserInfo Admin = new("admin", [UserInfo.MastersGroup]);

    private readonly Simulator _simulator = new(1);
    private readonly MemoryStore _store = new();
    private readonly SimulatedProcess _process;
    private readonly ApiServer.Composition.ApiServer _server;
    private readonly ApiClient _user;

    public ExplainTests()
    {
        _process = _simulator.CreateProcess("server");
        var decisions = new DecisionLog(new());
        var settings = new SchedulerSettings();
        _server = new(
            new ApiServerOptions(),
            _store,
            BuiltInKinds.Registry,
            _process.Time,
            _simulator.Entropy.Fork(),
            new NoNodes(),
            NullLoggerFactory.Instance,
            decisions: new RecordedDecisions(decisions, settings)
        );
        _user = new(_server, Admin);
        _simulator.Spawn(_process, "api", _server.RunAsync);
        Assert.True(_simulator.RunUntil(() => _server.Ready.IsCompletedSuccessfully, TimeSpan.FromSeconds(10)));
        var scheduler = new PodScheduler(
            new(_server, UserInfo.ControlPlane("kube-scheduler")),
            _process.Time,
            _simulator.Entropy.Fork(),
            settings,
            NullLoggerFactory.Instance,
            decisions
        );
        _simulator.Spawn(_process, "scheduler", scheduler.RunAsync);
    }

    [Fact]
    public void A_pod_that_has_a_node_is_shown_with_the_scores_and_the_nodes_that_refused_it()
    {
        Create(Node("small", "500m"), Node("good", "4"), Node("better", "8"));
        Create(Pod("web", "1"));
        var text = Explain("web");
        Assert.StartsWith("Pod default/web: placed on better (attempt 1 of 1, ", text, StringComparison.Ordinal);
        Assert.Matches(@"Refused: 1 of 3 nodes", text);
        Assert.Matches(@"1\s+NodeResourcesFit\s+Insufficient cpu\s+small", text);
        Assert.Matches(@"NODE\s+TOTAL\s+.*NodeResourcesFit", text);
        Assert.Matches(@"better\s+\d+\s+.*\d+\s*\n\s*good\s+\d+", text);
    }

    [Fact]
    public void A_pod_that_fits_nowhere_is_shown_with_what_it_waits_for()
    {
        Create(Node("n1", "1"));
        Create(Pod("web", "4"));
        var text = Explain("web");
        Assert.StartsWith("Pod default/web: not placed (attempt 1 of 1, ", text, StringComparison.Ordinal);
        Assert.Contains(
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
            Line(text),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Waits for: a node is added; a node's allocatable resources change; a pod leaves its node",
            Line(text),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Victims_and_gangs_are_shown()
    {
        Create(
            new V1PriorityClass
            {
                ApiVersion = "scheduling.k8s.io/v1",
                Kind = "PriorityClass",
                Metadata = new() { Name = "high" },
                Value = 100,
            }
        );
        Create(Node("n1", "1"));
        Create(Pod("low", "1"));
        Create(Pod("urgent", "1", s => s.PriorityClassName = "high"));
        var text = Line(Explain("urgent"));
        Assert.Contains("waits for room on n1, where pods of lower priority end for it", text, StringComparison.Ordinal);
        Assert.Matches(@"Displaced on n1 .*default/low 0", text);

        Create(
            new PodGroup
            {
                Metadata = new() { Name = "g", NamespaceProperty = "default" },
                Spec = new() { MinMember = 2 },
            }
        );
        var member = Pod("member", "1");
        member.Metadata.Labels = new Dictionary<string, string> { [PodGroup.MemberLabel] = "g" };
        Create(member);
        text = Line(Explain("member"));
        Assert.Contains("waits for its gang", text, StringComparison.Ordinal);
        Assert.Contains("Gang g: 0 of the 2 pods that it needs have a place; there are 1.", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Json_is_all_that_is_recorded()
    {
        Create(Node("n1", "4"));
        Create(Pod("web", "1"));
        using var document = System.Text.Json.JsonDocument.Parse(Explain("web", asJson: true));
        Assert.Equal("SchedulingDecision", document.RootElement.GetProperty("kind").GetString());
        Assert.Equal("n1", document.RootElement.GetProperty("decisions")[0].GetProperty("node").GetString());
    }

    [Fact]
    public void Without_a_decision_the_answer_says_why()
    {
        var unknown = Assert.Throws<UserErrorException>(() => Explain("nobody"));
        Assert.Equal("There is no pod 'nobody' in namespace 'default'.", unknown.Message);
        Create(Pod("elsewhere", "1", s => s.SchedulerName = "mine"), Pod("fixed", "1", s => s.NodeName = "n1"));
        Assert.Equal(
            "There is nothing to explain about pod default/elsewhere: it is scheduled by \"mine\", which keeps its reasons to itself.",
            Line(Explain("elsewhere", exit: 1))
        );
        Assert.Equal(
            "There is nothing to explain about pod default/fixed: its spec.nodeName said n1 from the start: no scheduler chose it.",
            Line(Explain("fixed", exit: 1))
        );
    }

    ValueTask<ApiResponse> IApiHandler.HandleAsync(ApiRequest request, CancellationToken cancellationToken) =>
        _server.HandleAsync(request with { User = Admin }, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _simulator.Dispose();
        return _store.DisposeAsync();
    }

    private string Explain(string pod, bool asJson = false, int exit = 0)
    {
        using var writer = new StringWriter();
        var console = AnsiConsole.Create(
            new()
            {
                Ansi = AnsiSupport.No,
                ColorSystem = ColorSystemSupport.NoColors,
                Out = new AnsiConsoleOutput(writer),
            }
        );
        console.Profile.Width = 200;
        var result = 0;
        Exception? failure = null;
        Do(async stop =>
        {
            try
            {
                result = await PodExplainer.RunAsync(this, new("default", pod), asJson ? "json" : null, console, _process.Time, stop);
            }
            catch (UserErrorException e)
            {
                failure = e;
            }
        });
        if (failure is not null)
        {
            throw failure;
        }
        Assert.Equal(exit, result);
        return writer.ToString();
    }

    // What the console wrapped.
    private static string Line(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private void Create<T>(params T[] objects)
        where T : k8s.IKubernetesObject<V1ObjectMeta>
    {
        Do(async stop =>
        {
            foreach (var one in objects)
            {
                await _user.CreateAsync(one, stop);
            }
        });
        _simulator.Run(TimeSpan.FromSeconds(2));
        Assert.Empty(_simulator.Findings);
    }

    private void Do(Func<CancellationToken, Task> work)
    {
        var component = _simulator.Spawn(_process, "user", work);
        Assert.True(_simulator.RunUntil(() => component.HasEnded, TimeSpan.FromSeconds(10)));
        Assert.Empty(_simulator.Findings);
    }

    private static V1Node Node(string name, string cpu) =>
        new()
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new() { Name = name },
            Status = new()
            {
                Allocatable = new Dictionary<string, ResourceQuantity>
                {
                    ["cpu"] = new(cpu),
                    ["memory"] = new("8Gi"),
                    ["pods"] = new("110"),
                },
            },
        };

    private static V1Pod Pod(string name, string cpu, Action<V1PodSpec>? with = null)
    {
        var requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new(cpu) };
        var pod = new V1Pod
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new() { Name = name, NamespaceProperty = "default" },
            Spec = new()
            {
                Containers =
                [
                    new()
                    {
                        Name = "main",
                        Image = "busybox",
                        Resources = new() { Requests = requests },
                    },
                ],
            },
        };
        with?.Invoke(pod.Spec);
        return pod;
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
