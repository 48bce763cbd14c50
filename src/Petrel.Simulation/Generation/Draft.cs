using System.Text.Json.Nodes;
using Petrel.Model.Determinism;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Generation;

/// <summary>
/// What users will do, as it is being drawn. Parts add objects and what happens to them; each part draws from a source of its own, so that
/// leaving one out changes no other.
/// </summary>
public sealed class Draft(SeededEntropy entropy, TimeSpan window, int nodes)
{
    /// <summary>Where scenarios put their objects.</summary>
    public const string Namespace = "default";

    private readonly List<PlannedOperation> _operations = [];

    /// <summary>How long faults happen; most of what users do is done then.</summary>
    public TimeSpan Window { get; } = window;

    /// <summary>Nodes are called <c>node1</c> and so on.</summary>
    public int Nodes { get; } = nodes;

    public IReadOnlyList<PlannedOperation> Operations => [.. _operations.OrderBy(o => o.At)];

    /// <summary>A draft of the same run with randomness of its own; its operations are this one's.</summary>
    public DraftPart Part() => new(this, entropy.Fork());

    internal void Add(PlannedOperation operation) =>
        _operations.Add(operation with { At = TimeSpan.FromMilliseconds((long)operation.At.TotalMilliseconds) });
}

/// <summary>One part of a draft: dice, and shorthand for operations.</summary>
public sealed class DraftPart(Draft draft, IEntropy entropy)
{
    public TimeSpan Window => draft.Window;

    public int Nodes => draft.Nodes;

    public bool OneIn(int chances) => entropy.Next(chances) == 0;

    /// <summary>From <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public int Between(int least, int most) => least + entropy.Next(most - least + 1);

    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[entropy.Next(choices.Length)];

    /// <summary>A time in the window, from one share of it to another.</summary>
    public TimeSpan Sometime(double from = 0.05, double to = 0.95) => Window * (from + ((to - from) * entropy.NextDouble()));

    /// <summary>So many times in the window, in order.</summary>
    public IReadOnlyList<TimeSpan> Times(int count, double from = 0.05, double to = 0.95) =>
        [.. Enumerable.Range(0, count).Select(_ => Sometime(from, to)).Order()];

    public PlannedTarget Create(TimeSpan at, JsonObject manifest)
    {
        var target = Manifests.TargetOf(manifest);
        draft.Add(
            new()
            {
                At = at,
                Kind = OperationKind.Create,
                Target = target,
                Body = manifest,
            }
        );
        return target;
    }

    public void Patch(TimeSpan at, PlannedTarget target, JsonObject patch) =>
        draft.Add(
            new()
            {
                At = at,
                Kind = OperationKind.Patch,
                Target = target,
                Body = patch,
            }
        );

    public void PatchSpec(TimeSpan at, PlannedTarget target, string field, JsonNode? value) =>
        Patch(at, target, new() { ["spec"] = new JsonObject { [field] = value } });

    public void Scale(TimeSpan at, PlannedTarget target, int replicas) =>
        draft.Add(
            new()
            {
                At = at,
                Kind = OperationKind.Scale,
                Target = target,
                Replicas = replicas,
            }
        );

    public void Delete(TimeSpan at, PlannedTarget target, string policy = "Background") =>
        draft.Add(
            new()
            {
                At = at,
                Kind = OperationKind.Delete,
                Target = target,
                Body = new()
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "DeleteOptions",
                    ["propagationPolicy"] = policy,
                },
            }
        );

    /// <summary>A user deletes a pod, with another grace than its own: rules tell that from what controllers do.</summary>
    public void DeletePod(TimeSpan at, string name) =>
        draft.Add(
            new()
            {
                At = at,
                Kind = OperationKind.Delete,
                Target = new("v1", "pods", Draft.Namespace, name),
                Body = new()
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "DeleteOptions",
                    ["gracePeriodSeconds"] = Manifests.Grace - 1,
                },
            }
        );

    public void Node(TimeSpan at, OperationKind kind, int node) =>
        draft.Add(
            new()
            {
                At = at,
                Kind = kind,
                Target = NodeTarget(node),
            }
        );

    public static PlannedTarget NodeTarget(int node) => new("v1", "nodes", "", $"node{node}");
}
