using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>Why a pod is deleted.</summary>
public enum DaemonPodDeletionReason
{
    /// <summary>Its node has another pod, should have none, or does not exist.</summary>
    NotNeeded,

    /// <summary>It has an old template.</summary>
    Outdated,

    /// <summary>It failed.</summary>
    Failed,

    /// <summary>It succeeded. Pods of a DaemonSet should run for ever.</summary>
    Succeeded,
}

/// <summary>A pod to delete.</summary>
public sealed record DaemonPodDeletion(V1Pod Pod, string Node, DaemonPodDeletionReason Reason);

/// <summary>
/// What to do about a DaemonSet's pods now (upstream: manage, then rollingUpdate). The update is planned only when every node has what it
/// should have otherwise.
/// </summary>
/// <param name="Create">The nodes that get a new pod.</param>
/// <param name="Delete">The pods to delete.</param>
/// <param name="RequeueAfter">When to plan again even if nothing changes.</param>
public sealed record DaemonSetPlan(IReadOnlyList<string> Create, IReadOnlyList<DaemonPodDeletion> Delete, TimeSpan? RequeueAfter)
{
    /// <summary>Those of <see cref="Create"/> whose new pod starts beside an available one. They count towards maxSurge.</summary>
    public IReadOnlyList<string> Surge { get; init; } = [];

    /// <summary>The most pods that are created or deleted at once.</summary>
    public const int Burst = 250;

    /// <summary>Plans the next step.</summary>
    /// <param name="set">The set.</param>
    /// <param name="nodes">All nodes with the set's pods (<see cref="DaemonNodes.Of"/>).</param>
    /// <param name="hash">The hash of its template.</param>
    /// <param name="backoff">How long a failed pod on a node is still kept; zero or less when it may be deleted.</param>
    /// <param name="now">The time.</param>
    public static DaemonSetPlan Compute(
        V1DaemonSet set,
        IReadOnlyList<DaemonNode> nodes,
        string hash,
        Func<string, TimeSpan> backoff,
        DateTimeOffset now
    )
    {
        var sync = new DaemonSetSync(set, hash, now);
        foreach (var node in nodes)
        {
            sync.Manage(node, backoff);
        }
        if (!sync.HasWork && DaemonUpdateBounds.IsRolling(set))
        {
            DaemonUpdate.Plan(set, nodes, sync);
        }
        foreach (var pod in nodes.SelectMany(n => n.Pods))
        {
            sync.RequeueIn(pod.UntilAvailable(set.Spec.MinReadySeconds ?? 0, now));
        }
        List<string> create = [.. sync.Create.Take(Burst)];
        return new(create, [.. sync.Delete.Take(Burst)], sync.RequeueAfter) { Surge = [.. create.Where(sync.Surge.Contains)] };
    }

    /// <summary>
    /// The part that is done before the next plan. A replacement does not count towards maxSurge, because the cache shows the old pod as
    /// unavailable. If that pod has recovered, the replacement is a surge after all. So replacements are created first. Surges wait for a
    /// plan from the cache that shows the replacements, and thereby everything that was written before them. (Upstream creates both at
    /// once, and can exceed maxSurge.)
    /// </summary>
    public DaemonSetPlan FirstPart() =>
        Surge.Count == 0 || Surge.Count == Create.Count
            ? this
            : this with
            {
                Create = [.. Create.Except(Surge)],
                Surge = [],
                RequeueAfter = TimeSpan.Zero,
            };
}
