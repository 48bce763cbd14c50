using System.Text.Json.Nodes;
using Petrel.Model.Determinism;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Generation;

/// <summary>
/// Collects what the users of a run do. Each part adds objects and the operations on them, and draws from a random stream of its own, so
/// that leaving one out changes no other.
/// </summary>
public sealed class WorkloadBuilder(SeededEntropy entropy, TimeSpan window, int nodes)
{
    /// <summary>Where scenarios put their objects.</summary>
    public const string Namespace = "default";

    private readonly List<PlannedOperation> _operations = [];

    /// <summary>How long faults happen; most of what users do is done then.</summary>
    public TimeSpan Window { get; } = window;

    /// <summary>Nodes are called <c>node1</c> and so on.</summary>
    public int Nodes { get; } = nodes;

    public IReadOnlyList<PlannedOperation> Operations => [.. _operations.OrderBy(o => o.At)];

    /// <summary>A part with a random stream of its own, which adds its operations to this builder.</summary>
    public WorkloadPart Part() => new(this, entropy.Fork());

    internal void Add(PlannedOperation operation) =>
        _operations.Add(operation with { At = TimeSpan.FromMilliseconds((long)operation.At.TotalMilliseconds) });
}

/// <summary>One part of the workloads: random choices, and shorthand for operations.</summary>
public sealed class WorkloadPart(WorkloadBuilder builder, IEntropy entropy)
{
    public TimeSpan Window => builder.Window;

    public int Nodes => builder.Nodes;

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
        builder.Add(
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
        builder.Add(
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
        builder.Add(
            new()
            {
                At = at,
                Kind = OperationKind.Scale,
                Target = target,
                Replicas = replicas,
            }
        );

    public void Delete(TimeSpan at, PlannedTarget target, string policy = "Background") =>
        builder.Add(
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

    /// <summary>
    /// A user deletes a pod, with another grace period than the pod's own, so that rules can tell it from a controller's deletion.
    /// </summary>
    public void DeletePod(TimeSpan at, string name) =>
        builder.Add(
            new()
            {
                At = at,
                Kind = OperationKind.Delete,
                Target = new("v1", "pods", WorkloadBuilder.Namespace, name),
                Body = new()
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "DeleteOptions",
                    ["gracePeriodSeconds"] = Manifests.Grace - 1,
                },
            }
        );

    public void Node(TimeSpan at, OperationKind kind, int node) =>
        builder.Add(
            new()
            {
                At = at,
                Kind = kind,
                Target = NodeTarget(node),
            }
        );

    public static PlannedTarget NodeTarget(int node) => new("v1", "nodes", "", $"node{node}");
}
