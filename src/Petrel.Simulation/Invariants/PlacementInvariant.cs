using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>No pod is on two nodes: once set, <c>spec.nodeName</c> stays, and its containers run on one node only, its own.</summary>
public sealed class PlacementInvariant(ClusterFacts facts) : IInvariant, IRunRule
{
    /// <inheritdoc cref="IInvariant.Name"/>
    public string Name => "placement";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        foreach (var change in facts.PodChanges)
        {
            if (change is { Before: { Node.Length: > 0 } before, After: { } after } && before.Uid == after.Uid && before.Node != after.Node)
            {
                return $"pod {after.ShortKey} was bound to {before.Node} and now is to '{after.Node}'";
            }
        }
        return null;
    }

    /// <inheritdoc/>
    public string? Started(RunningPod pod, IEnumerable<RunningPod> others)
    {
        if (others.FirstOrDefault(o => o.Uid == pod.Uid) is { } twin)
        {
            return $"pod {pod.Uid} runs on {twin.Node} and {pod.Node}";
        }
        var bound = facts.LastSeenPod(pod.Uid)?.Node ?? "";
        return bound == pod.Node ? null : $"pod {pod.Uid} runs on {pod.Node} and is bound to {(bound.Length == 0 ? "none" : bound)}";
    }
}
