using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants.Goals;

/// <summary>
/// Nothing is left whose controller does not exist, no pod is bound to a node that does not exist, and nothing waits to be deleted.
/// </summary>
public sealed class NoOrphans : IGoal
{
    /// <inheritdoc/>
    public string? Unfinished(ClusterFacts facts, DateTimeOffset now)
    {
        foreach (var (key, document) in facts.All)
        {
            if (document.IsTerminating())
            {
                return $"{key} is still terminating";
            }
            if (document.ControllerUid() is { Length: > 0 } owner && facts.ByUid(owner) is null)
            {
                return $"{key} belongs to {document.Controller()!.Value.Text("kind")} {document.Controller()!.Value.Text("name")} "
                    + $"({owner}), which does not exist";
            }
        }
        return facts
            .Pods.Values.Where(p => p.Node.Length > 0 && facts.Find($"/registry/core/nodes/{p.Node}") is null)
            .Select(p => $"pod {p.ShortKey} is bound to {p.Node}, which does not exist")
            .FirstOrDefault();
    }
}
