using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>Every node is Ready and carries no taint of the node lifecycle controller.</summary>
public sealed class NodesReady : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now)
    {
        foreach (var (_, node) in facts.Objects("/registry/core/nodes/"))
        {
            if (!node.Is("Ready"))
            {
                return $"{node.Name()} is not Ready";
            }
            foreach (var taint in node.Items("spec", "taints"))
            {
                if (taint.Text("key") is "node.kubernetes.io/not-ready" or "node.kubernetes.io/unreachable")
                {
                    return $"{node.Name()} is Ready and has the taint {taint.Text("key")}";
                }
            }
        }
        return null;
    }
}
