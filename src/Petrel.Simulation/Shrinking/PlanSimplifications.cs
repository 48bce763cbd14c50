using System.Text.Json.Nodes;
using Petrel.Faults;
using Petrel.Faults.Definitions;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Shrinking;

/// <summary>
/// The ways in which a plan can be a little simpler, the boldest first. Each is a plan of its own, and the shrinker runs it to see whether
/// it still fails.
/// </summary>
public static class PlanSimplifications
{
    private static readonly TimeSpan ShortestFault = TimeSpan.FromMilliseconds(100);

    // Fields of manifests and patches that say how many of something there are.
    private static readonly string[] CountFields = ["replicas", "parallelism", "completions", "maxReplicas", "minReplicas", "backoffLimit"];

    public static IEnumerable<RunPlan> Of(RunPlan plan) =>
        [.. FewerNodes(plan), .. EarlierEnds(plan), .. FewerReplicas(plan), .. ShorterFaults(plan), .. WeakerFaults(plan)];

    private static IEnumerable<RunPlan> FewerNodes(RunPlan plan)
    {
        foreach (var nodes in new[] { 1, plan.World.Nodes / 2, plan.World.Nodes - 1 }.Where(n => n > 0 && n < plan.World.Nodes).Distinct())
        {
            yield return plan with
            {
                World = plan.World with { Nodes = nodes },
            };
        }
    }

    // Once the last fault is over nothing more breaks.
    private static IEnumerable<RunPlan> EarlierEnds(RunPlan plan)
    {
        var last = plan.Faults.Select(f => f.End).Append(TimeSpan.Zero).Max();
        if (last < plan.FaultsEnd)
        {
            yield return plan with
            {
                FaultsEnd = last,
            };
        }
    }

    private static IEnumerable<RunPlan> FewerReplicas(RunPlan plan)
    {
        for (var i = 0; i < plan.Operations.Count; i++)
        {
            var operation = plan.Operations[i];
            if (operation.Replicas is > 1 and var replicas)
            {
                yield return With(plan, i, operation with { Replicas = 1 });
                yield return With(plan, i, operation with { Replicas = replicas - 1 });
            }
            foreach (var path in CountPaths(operation.Body, []))
            {
                foreach (var count in new[] { 1, Read(operation.Body!, path) - 1 }.Distinct())
                {
                    yield return With(plan, i, operation with { Body = Changed(operation.Body!, path, count) });
                }
            }
        }
    }

    private static IEnumerable<RunPlan> ShorterFaults(RunPlan plan)
    {
        for (var i = 0; i < plan.Faults.Count; i++)
        {
            var fault = plan.Faults[i];
            foreach (
                var duration in new[] { ShortestFault, fault.Duration / 2 }.Where(d => d >= ShortestFault && d < fault.Duration).Distinct()
            )
            {
                yield return With(plan, i, fault with { Duration = TimeSpan.FromMilliseconds((long)duration.TotalMilliseconds) });
            }
        }
    }

    // One thing wrong instead of several.
    private static IEnumerable<RunPlan> WeakerFaults(RunPlan plan)
    {
        for (var i = 0; i < plan.Faults.Count; i++)
        {
            var fault = plan.Faults[i];
            foreach (var weaker in BuiltInFaults.Registry.DefinitionOf(fault).SimplifyFault(fault))
            {
                yield return With(plan, i, weaker);
            }
        }
    }

    private static RunPlan With(RunPlan plan, int index, PlannedOperation operation) =>
        plan with
        {
            Operations = [.. plan.Operations.Select((o, i) => i == index ? operation : o)],
        };

    private static RunPlan With(RunPlan plan, int index, PlannedFault fault) =>
        plan with
        {
            Faults = [.. plan.Faults.Select((f, i) => i == index ? fault : f)],
        };

    private static IEnumerable<string[]> CountPaths(JsonNode? node, string[] path)
    {
        if (node is not JsonObject fields)
        {
            yield break;
        }
        foreach (var (name, value) in fields)
        {
            if (value is JsonValue number && CountFields.Contains(name) && number.TryGetValue<int>(out var count) && count > 1)
            {
                yield return [.. path, name];
            }
            foreach (var deeper in CountPaths(value, [.. path, name]))
            {
                yield return deeper;
            }
        }
    }

    private static int Read(JsonNode node, string[] path) => (int)path.Aggregate(node, (current, name) => current[name]!);

    private static JsonObject Changed(JsonObject body, string[] path, int count)
    {
        var changed = body.DeepClone().AsObject();
        path[..^1].Aggregate((JsonNode)changed, (current, name) => current[name]!)[path[^1]] = count;
        return changed;
    }
}
