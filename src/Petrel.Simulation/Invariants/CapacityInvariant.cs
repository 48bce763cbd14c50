using Petrel.Simulation.Invariants.Facts;
using Quantity = Petrel.Model.Documents.Quantity;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// What pods that are bound to a node ask for together (cpu, memory, and one place each) is never more than it has to give.
/// </summary>
public sealed class CapacityInvariant(ClusterFacts facts) : IInvariant
{
    /// <inheritdoc/>
    public string Name => "capacity";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        foreach (var change in facts.PodChanges)
        {
            if (
                change.After is { Node.Length: > 0 } pod
                && change.Before?.Node != pod.Node
                && facts.Find($"/registry/core/nodes/{pod.Node}") is { } node
                && node.At("status", "allocatable") is { } allocatable
            )
            {
                var (milliCpu, memory, pods) = (0L, 0L, 0L);
                foreach (var other in facts.PodsOn(pod.Node).Where(p => !p.HasFinished))
                {
                    milliCpu += other.MilliCpu;
                    memory += other.Memory;
                    pods++;
                }
                var problem = Over("cpu", milliCpu, allocatable.Text("cpu"), q => q.MilliValue)
                    ?? Over("memory", memory, allocatable.Text("memory"), q => q.Value)
                    ?? Over("pods", pods, allocatable.Text("pods"), q => q.Value);
                if (problem is not null)
                {
                    return $"{pod.ShortKey} was bound to {pod.Node}, whose pods now ask for {problem}";
                }
            }
        }
        return null;
    }

    private static string? Over(string resource, long wanted, string allocatable, Func<Quantity, long> amount) =>
        allocatable.Length > 0 && wanted > amount(Quantity.Parse(allocatable)) ? $"{wanted} of {resource}, it has {allocatable}" : null;
}
