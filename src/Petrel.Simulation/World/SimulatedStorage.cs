using Petrel.Agent.Volumes;

namespace Petrel.Simulation.World;

/// <summary>
/// Disks outside of the machines. A disk for one machine at a time belongs to the machine that attached it until the last pod there
/// releases it, or the machine loses power (the array sees the link drop). Attempts of other machines are refused, as an array refuses a
/// second reservation.
/// </summary>
public sealed class SimulatedStorage
{
    // By volume: the machine that holds it, and the pods there that use it.
    private readonly SortedDictionary<string, (string Node, SortedSet<string> Pods)> _held = new(StringComparer.Ordinal);

    /// <summary>A machine's connection to the disks.</summary>
    public ISimulatedVolumes Of(string node) => new Port(this, node);

    /// <summary>A machine has lost its power.</summary>
    public void NodeLost(string node)
    {
        foreach (var volume in _held.Where(h => h.Value.Node == node).Select(h => h.Key).ToArray())
        {
            _held.Remove(volume);
        }
    }

    private sealed class Port(SimulatedStorage storage, string node) : ISimulatedVolumes
    {
        public void Attach(string volume, string podUid)
        {
            if (storage._held.TryGetValue(volume, out var holder) && holder.Node != node)
            {
                throw new IOException(
                    $"Multi-Attach error for volume \"{volume}\" Volume is already exclusively attached to one node and can't "
                        + $"be attached to another"
                );
            }
            if (holder.Pods is null)
            {
                storage._held.Add(volume, holder = (node, new(StringComparer.Ordinal)));
            }
            holder.Pods.Add(podUid);
        }

        public void Release(string podUid)
        {
            foreach (var (volume, holder) in storage._held.Where(h => h.Value.Node == node && h.Value.Pods.Contains(podUid)).ToArray())
            {
                holder.Pods.Remove(podUid);
                if (holder.Pods.Count == 0)
                {
                    storage._held.Remove(volume);
                }
            }
        }
    }
}
