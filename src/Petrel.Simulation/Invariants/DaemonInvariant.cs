using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// A DaemonSet has at most one active pod for a node, and a second one only of another template while it may surge, beside healthy ones on
/// as many nodes as maxSurge says. Its rolling update takes away no healthy pod while more of its nodes than maxUnavailable go without, but
/// for those whose pods were lost otherwise.
/// </summary>
public sealed class DaemonInvariant(ClusterFacts facts) : IInvariant
{
    private const string DaemonSets = "/registry/apps/daemonsets/";
    private const string Hash = "controller-revision-hash";

    private readonly SortedDictionary<string, Bounds> _bounds = new(StringComparer.Ordinal); // by uid

    /// <inheritdoc/>
    public string Name => "daemons";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        string? problem = null;
        foreach (var change in facts.PodChanges)
        {
            if (change.Latest.OwnerKind == "DaemonSet" && _bounds.TryGetValue(change.Latest.OwnerUid, out var bounds))
            {
                problem ??= change.Before is null ? ObserveNew(change.After!, bounds) : ObserveLoss(change, bounds);
            }
        }
        foreach (var change in commit)
        {
            if (change.Key.StartsWith(DaemonSets, StringComparison.Ordinal))
            {
                Follow(change);
            }
        }
        return problem;
    }

    /// <summary>The node that a daemon pod is for: where it is, or by its affinity will be.</summary>
    public static string NodeOf(CommittedPod pod)
    {
        if (pod.Node.Length > 0)
        {
            return pod.Node;
        }
        foreach (
            var term in pod.Document.Items(
                "spec",
                "affinity",
                "nodeAffinity",
                "requiredDuringSchedulingIgnoredDuringExecution",
                "nodeSelectorTerms"
            )
        )
        {
            foreach (var field in term.Items("matchFields"))
            {
                if (field.Text("key") == "metadata.name")
                {
                    foreach (var value in field.Items("values"))
                    {
                        return value.GetString()!;
                    }
                }
            }
        }
        return "";
    }

    private string? ObserveNew(CommittedPod pod, Bounds bounds)
    {
        var node = NodeOf(pod);
        if (node.Length == 0)
        {
            return $"DaemonSet {bounds.Name} created {pod.ShortKey}, which is for no node";
        }
        var active = facts.PodsOf(pod.OwnerUid).Where(p => p.IsActive).ToList();
        var here = active.Where(p => NodeOf(p) == node).ToList();
        if (
            here.Count > 2
            || here.Count == 2 && (bounds.MaxSurge == 0 || here[0].Labels.GetValueOrDefault(Hash) == here[1].Labels.GetValueOrDefault(Hash))
        )
        {
            return $"DaemonSet {bounds.Name} has {here.Count} pods for {node}: {string.Join(", ", here.Select(p => p.Name))} "
                + $"(maxSurge {bounds.MaxSurge})";
        }
        // What replaces a pod that is not available is no surge (upstream), nor is what its controller may have thought so of: one that has
        // only just recovered.
        if (here.Exists(p => p.Uid != pod.Uid && p.IsHealthy))
        {
            bounds.Surging.Add(pod.Uid);
        }
        bounds.Newest = pod.Labels.GetValueOrDefault(Hash);
        var doubled = active
            .GroupBy(NodeOf)
            .Count(g => g.Count() > 1 && g.Any(p => bounds.Surging.Contains(p.Uid) && p.Labels.GetValueOrDefault(Hash) == bounds.Newest));
        return bounds.WaitsForAge || doubled <= bounds.MaxSurge + bounds.Recovered
            ? null
            : $"DaemonSet {bounds.Name} surges on {doubled} nodes, maxSurge is {bounds.MaxSurge}";
    }

    private string? ObserveLoss(PodChange change, Bounds bounds)
    {
        if (
            change is { Before.IsHealthy: false, After: { IsHealthy: true } better }
            && better.Labels.GetValueOrDefault(Hash) != bounds.Newest
        )
        {
            bounds.Recovered++;
        }
        if (change.Before is not { IsHealthy: true } before || change.After is { IsHealthy: true })
        {
            return null;
        }
        var removed =
            change.After is { IsTerminating: true, IsDisrupted: false }
            && facts.ByUid(before.OwnerUid) is { } set
            && !set.IsTerminating()
            && set.Status("desiredNumberScheduled") > 0
            && IsFor(set, NodeOf(before))
            && !facts.PodsOf(before.OwnerUid).Any(p => p.IsHealthy && NodeOf(p) == NodeOf(before));
        if (!removed)
        {
            bounds.Lost++;
            return null;
        }
        // Upstream counts the nodes that need a pod anew for each sync. Its status is behind when a node was tainted just before.
        bounds.Desired = Math.Min(bounds.Desired, NodesThatNeed(facts.ByUid(before.OwnerUid)!.Value));
        var healthy = facts.PodsOf(before.OwnerUid).Where(p => p.IsHealthy).Select(NodeOf).Distinct(StringComparer.Ordinal).Count();
        return healthy >= bounds.Desired - bounds.MaxUnavailable - bounds.Lost
            ? null
            : $"{before.ShortKey} was removed by DaemonSet {bounds.Name}, which now is healthy on {healthy} nodes of "
                + $"{bounds.Desired}; {bounds.MaxUnavailable} may be unavailable and {bounds.Lost} were lost otherwise";
    }

    /// <summary>Whether the set's pods belong on a node as it is now: its labels match and the pods tolerate its taints.</summary>
    public bool IsFor(JsonElement set, string nodeName) =>
        facts.Find($"/registry/core/nodes/{nodeName}") is { } node
        && set.At("spec", "template", "spec") is { } spec
        && DaemonNodeEligibility.Holds(spec, node);

    private int NodesThatNeed(JsonElement set) =>
        set.At("spec", "template", "spec") is { } spec
            ? facts.Objects("/registry/core/nodes/").Count(n => DaemonNodeEligibility.Needs(spec, n.Value))
            : 0;

    private void Follow(DocumentChange change)
    {
        if (change.After is not { } set)
        {
            _bounds.Remove(change.Before?.Uid() ?? "");
            return;
        }
        var uid = set.Uid();
        var desired = set.Status("desiredNumberScheduled");
        var (unavailable, surge) = (Bound(set, "maxUnavailable", desired, 1), Bound(set, "maxSurge", desired, 0));
        if (!_bounds.TryGetValue(uid, out var bounds) || IsSettled(set, desired))
        {
            _bounds[uid] = bounds = new(set.Name()) { Desired = desired, Newest = bounds?.Newest };
        }
        bounds.WaitsForAge |= set.Number("spec", "minReadySeconds") > 0;
        bounds.Desired = Math.Min(bounds.Desired, desired);
        bounds.MaxUnavailable = Math.Max(bounds.MaxUnavailable, unavailable);
        bounds.MaxSurge = Math.Max(bounds.MaxSurge, surge);
    }

    private bool IsSettled(JsonElement set, int desired) =>
        set.IsObserved()
        && set.Status("updatedNumberScheduled") == desired
        && set.Status("numberAvailable") == desired
        && facts.PodsOf(set.Uid()).Count(p => p.IsHealthy) == desired
        && facts.PodsOf(set.Uid()).Count() == desired;

    // Percentages are rounded up.
    private static int Bound(JsonElement set, string name, int desired, int absent) =>
        set.Text("spec", "updateStrategy", "type") == "OnDelete" ? 0
        : set.At("spec", "updateStrategy", "rollingUpdate", name) is { } value ? IntOrPercentValue.Resolve(value, desired, roundUp: true)
        : absent;

    private sealed class Bounds(string name)
    {
        public string Name { get; } = name;
        public int Desired { get; set; }
        public int MaxUnavailable { get; set; }
        public int MaxSurge { get; set; }
        public int Lost { get; set; }

        /// <summary>The template of the newest pod.</summary>
        public string? Newest { get; set; }

        /// <summary>Pods of older templates that became healthy.</summary>
        public int Recovered { get; set; }

        /// <summary>When a pod is available is not told by its being ready alone.</summary>
        public bool WaitsForAge { get; set; }

        /// <summary>Pods that came beside a healthy one.</summary>
        public SortedSet<string> Surging { get; } = new(StringComparer.Ordinal);
    }
}
