using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.DaemonSets;

/// <summary>
/// How long a failed pod of a DaemonSet is kept before it is deleted: one second, doubled with each failure on that node, up to 15 minutes.
/// Otherwise a pod that its node rejects would be created and rejected without end.
/// </summary>
internal sealed class FailedPodBackoff(TimeProvider time)
{
    private static readonly TimeSpan BaseDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(15);

    private readonly Lock _gate = new();
    private readonly ObjectStates<Failures> _sets = new(() => new());

    /// <summary>How long the next failed pod on the node is still kept; zero or less when it may be deleted now.</summary>
    public TimeSpan Remaining(V1DaemonSet set, string node)
    {
        lock (_gate)
        {
            return FailuresOf(set).ByNode.TryGetValue(node, out var last) ? last.Since + last.Delay - time.GetUtcNow() : TimeSpan.Zero;
        }
    }

    /// <summary>Records that a failed pod is deleted.</summary>
    public void RecordDeletion(V1DaemonSet set, string node)
    {
        lock (_gate)
        {
            var failures = FailuresOf(set);
            var now = time.GetUtcNow();
            var delay = failures.ByNode.TryGetValue(node, out var last) && now - last.Since <= 2 * MaxDelay ? 2 * last.Delay : BaseDelay;
            failures.ByNode[node] = (delay < MaxDelay ? delay : MaxDelay, now);
        }
    }

    /// <summary>Forgets a set that is gone.</summary>
    public void Forget(ObjectKey set) => _sets.Forget(set);

    // A new generation may have mended the template.
    private Failures FailuresOf(V1DaemonSet set)
    {
        var failures = _sets.Get(set);
        var generation = set.Status?.ObservedGeneration ?? 0;
        if (failures.Generation != generation)
        {
            failures.ByNode.Clear();
            failures.Generation = generation;
        }
        return failures;
    }

    private sealed class Failures
    {
        public long Generation { get; set; }

        public SortedDictionary<string, (TimeSpan Delay, DateTimeOffset Since)> ByNode { get; } = new(StringComparer.Ordinal);
    }
}
