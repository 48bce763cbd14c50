using System.Text.Json.Nodes;
using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Faults.Links;
using Petrel.Simulation.Execution;
using Petrel.Simulation.Plans;
using Petrel.Simulation.Shrinking;
using Petrel.Simulation.Time;

namespace Petrel.Simulation.Tests.Shrinking;

public sealed class PlanShrinkerTests
{
    private static readonly PlannedTarget Web = new("apps/v1", "deployments", "default", "web");

    private readonly VirtualTimeProvider _time = new();

    [Fact]
    public void Only_the_faults_and_operations_that_it_takes_are_left()
    {
        var small = Shrink(Plan(), plan =>
            plan.Faults.Any(f => f.Kind == StaleCache.Definition.Name && f.Duration >= TimeSpan.FromSeconds(2))
            && plan.Faults.Any(f => f.Parameters is LinkImpairment { Link.AnswerLoss: > 0 })
            && plan.Operations.Any(o => o.Kind == OperationKind.Scale && o.Replicas >= 2)
            && plan.World.Nodes >= 2
                ? "surge"
                : null
        );

        Assert.Equal([NetworkDegradation.Definition.Name, StaleCache.Definition.Name], small.Faults.Select(f => f.Kind));
        Assert.Equal(new LinkImpairment { Link = new() { AnswerLoss = 0.1 } }, small.Faults[0].Parameters);
        Assert.InRange(small.Faults[1].Duration, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4));
        Assert.Equal(2, Assert.Single(small.Operations).Replicas);
        Assert.Equal(2, small.World.Nodes);
        Assert.Equal(small.Faults.Max(f => f.End), small.FaultsEnd);
        Assert.Equal("surge", small.Finding!.Rule);
    }

    [Fact]
    public void Another_rule_that_fails_instead_does_not_count()
    {
        var small = Shrink(Plan(), plan => plan.Faults.Count == 40 ? "surge" : "placement");

        Assert.Equal(40, small.Faults.Count);
        Assert.Empty(small.Operations);
        Assert.Equal("surge", small.Finding!.Rule);
    }

    [Fact]
    public void Amounts_in_manifests_become_smaller()
    {
        var plan = Plan() with
        {
            Operations =
            [
                new()
                {
                    At = default,
                    Kind = OperationKind.Apply,
                    Target = Web,
                    Body = new()
                    {
                        ["spec"] = new JsonObject
                        {
                            ["replicas"] = 9,
                            ["template"] = new JsonObject { ["spec"] = new JsonObject() },
                        },
                    },
                },
            ],
        };
        var small = Shrink(plan, p => p.Operations.Any(o => (int)o.Body!["spec"]!["replicas"]! >= 3) ? "surge" : null);

        Assert.Equal(3, (int)Assert.Single(small.Operations).Body!["spec"]!["replicas"]!);
        Assert.Equal(9, (int)plan.Operations[0].Body!["spec"]!["replicas"]!);
    }

    [Fact]
    public void The_budget_ends_it_with_the_smallest_so_far()
    {
        var runs = 0;
        var shrinker = new PlanShrinker(
            _ =>
            {
                runs++;
                _time.Advance(TimeSpan.FromSeconds(1));
                return new(TimeSpan.FromSeconds(100), "surge", "");
            },
            _time,
            new() { Budget = TimeSpan.FromSeconds(3) }
        );

        var small = shrinker.Shrink(Plan());

        Assert.Equal(3, runs);
        Assert.NotNull(small.Finding);
    }

    [Fact]
    public void A_plan_that_passes_is_answered_as_it_is()
    {
        var plan = Plan();

        Assert.Same(plan, Shrink(plan, _ => null));
    }

    [Fact]
    public void A_failed_process_is_the_same_rule_whichever_node_it_was()
    {
        Assert.Equal("node (IOException)", new Finding(default, "node3#2", "agent failed: x", new IOException()).Rule);
        Assert.Equal("surge", new Finding(default, "surge", "too many").Rule);
    }

    private RunPlan Shrink(RunPlan plan, Func<RunPlan, string?> ruleOf) =>
        new PlanShrinker(p => ruleOf(p) is { } rule ? new(TimeSpan.FromSeconds(100), rule, "") : null, _time, new()).Shrink(plan);

    private static RunPlan Plan()
    {
        var link = new LinkConditions
        {
            AnswerLoss = 0.1,
            StreamCut = 0.1,
            MaxDelay = TimeSpan.FromSeconds(1),
        };
        (FaultDefinition Kind, FaultParameters Parameters)[] faults =
        [
            (NodeCrash.Definition, new NoParameters()),
            (NetworkDegradation.Definition, new LinkImpairment { Link = link }),
            (Partition.Definition, new Partition()),
            (StaleCache.Definition, new NoParameters()),
        ];
        return new()
        {
            Scenario = "test",
            Seed = 1,
            World = new() { Nodes = 5, TolerationSeconds = 20 },
            FaultsEnd = TimeSpan.FromSeconds(120),
            Faults =
            [
                .. Enumerable
                    .Range(0, 40)
                    .Select(i => new PlannedFault
                    {
                        At = TimeSpan.FromSeconds(i),
                        Kind = faults[i % 4].Kind.Name,
                        Target = "node1",
                        Duration = TimeSpan.FromSeconds(16),
                        Parameters = faults[i % 4].Parameters,
                    }),
            ],
            Operations =
            [
                .. Enumerable
                    .Range(0, 10)
                    .Select(i => new PlannedOperation
                    {
                        At = TimeSpan.FromSeconds(i),
                        Kind = i % 2 == 0 ? OperationKind.Scale : OperationKind.Delete,
                        Target = Web,
                        Replicas = 7,
                    }),
            ],
        };
    }
}
