using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// A claim with access mode ReadWriteOnce is used by running pods of one node at a time, one with ReadWriteOncePod by one pod.
/// </summary>
public sealed class ClaimRule(ClusterFacts facts) : IRunRule
{
    private const string Claims = "/registry/core/persistentvolumeclaims/";

    /// <inheritdoc/>
    public string Name => "claims";

    /// <inheritdoc/>
    public string? Started(RunningPod pod, IEnumerable<RunningPod> others)
    {
        foreach (var claim in facts.LastSeenPod(pod.Uid)?.Claims ?? [])
        {
            var modes = facts.Find($"{Claims}{pod.Namespace}/{claim}") is { } document
                ? document.Items("spec", "accessModes").Select(m => m.GetString()!).ToList()
                : [];
            var onePod = modes.Contains("ReadWriteOncePod");
            if (!onePod && !modes.All(m => m == "ReadWriteOnce"))
            {
                continue;
            }
            var rival = others.FirstOrDefault(o =>
                o.Namespace == pod.Namespace && (onePod || o.Node != pod.Node) && facts.LastSeenPod(o.Uid)?.Claims.Contains(claim) == true
            );
            if (rival is not null)
            {
                return $"claim {pod.Namespace}/{claim} is mounted by {pod.Name} ({pod.Uid}) on {pod.Node} and by {rival.Name} "
                    + $"({rival.Uid}) on {rival.Node}";
            }
        }
        return null;
    }
}
