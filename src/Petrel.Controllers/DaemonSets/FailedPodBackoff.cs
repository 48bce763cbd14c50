using Petrel.Model;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// How long a failed pod of a DaemonSet is left before it is deleted: from one second, doubled with each failure on that node, up to a
/// quarter of an hour. Else a pod that its node refuses would be made and refused without end.
/// </summary>
internal sealed class FailedPodBackoff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private readonly Lock _gate = new();
    private readonly SortedDictionary<
        ObjectKey,
        (string Uid, long Generation, SortedDictionary<string, (TimeSpan Delay, DateTimeOffset Since)> Nodes)
    > _sets = [];

    /// <summary>How long the next failed pod on the node still has to be left; zero or less when it may be deleted now.</summary>
    public TimeSpan Remaining(ObjectKey set, string uid, long generation, string node)
    {
        lock (_gate)
        {
            return
                _sets.TryGetValue(set, out var entry)
                && entry.Uid == uid
                && entry.Generation == generation
                && entry.Nodes.TryGetValue(node, out var last)
                ? last.Since + last.Delay - time.GetUtcNow()
                : TimeSpan.Zero;
        }
    }

    /// <summary>Notes that a failed pod is deleted.</summary>
    public void RecordDeletion(ObjectKey set, string uid, long generation, string node)
    {
        lock (_gate)
        {
            if (!_sets.TryGetValue(set, out var entry) || entry.Uid != uid || entry.Generation != generation)
            {
                // A new generation may be the mended one.
                entry = (uid, generation, new(StringComparer.Ordinal));
                _sets[set] = entry;
            }
            var now = time.GetUtcNow();
            var delay = entry.Nodes.TryGetValue(node, out var last) && now - last.Since <= 2 * Longest ? 2 * last.Delay : First;
            entry.Nodes[node] = (delay < Longest ? delay : Longest, now);
        }
    }

    /// <summary>Forgets a set that is gone.</summary>
    public void Forget(ObjectKey set)
    {
        lock (_gate)
        {
            _sets.Remove(set);
        }
    }
}
