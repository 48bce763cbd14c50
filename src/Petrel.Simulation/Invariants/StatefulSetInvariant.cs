using System.Globalization;
using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// StatefulSets of the policy OrderedReady create a member only when every lower one has been ready, and remove one in scaling down only
/// when no higher one is active. A rolling update touches no member below the partition, and takes away no healthy one while more than
/// maxUnavailable are missing, but for those that were lost otherwise. No member has a number outside of the set's since it was last
/// complete.
/// <para>
/// A member counts as scaled away if it has seen a size of the set that had no place for it, until the set is complete again. The API has
/// no precondition over two objects: a deletion that the controller decided and sent while the set was smaller may be executed right after
/// a user made the set larger again. Upstream's controller has the same race, whatever it reads before it sends.
/// </para>
/// </summary>
public sealed class StatefulSetInvariant(ClusterFacts facts) : IInvariant
{
    private const string StatefulSets = "/registry/apps/statefulsets/";
    private const string Hash = "controller-revision-hash";

    private readonly SortedDictionary<string, Bounds> _bounds = new(StringComparer.Ordinal); // by uid

    /// <inheritdoc/>
    public string Name => "stateful sets";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        string? problem = null;
        foreach (var change in facts.PodChanges)
        {
            if (change.Latest.OwnerKind == "StatefulSet" && _bounds.TryGetValue(change.Latest.OwnerUid, out var bounds))
            {
                problem ??= change.Before is null ? ObserveNew(change.After!, bounds) : ObserveLoss(change, bounds);
                if (change is { Before: null, After: { } created } && !bounds.HasPlaceFor(Ordinal(created)))
                {
                    bounds.ScaledAway.Add(created.Uid);
                }
                if (change.After is { IsReady: true } ready)
                {
                    bounds.EverReady.Add(Ordinal(ready));
                }
            }
        }
        foreach (var change in commit)
        {
            if (change.Key.StartsWith(StatefulSets, StringComparison.Ordinal))
            {
                Follow(change);
            }
        }
        return problem;
    }

    /// <summary>The number at the end of a member's name.</summary>
    public static int Ordinal(CommittedPod pod) => int.Parse(pod.Name[(pod.Name.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);

    private static string? ObserveNew(CommittedPod pod, Bounds bounds)
    {
        var ordinal = Ordinal(pod);
        if (ordinal < bounds.First || ordinal >= bounds.End)
        {
            return $"StatefulSet {bounds.Name} created {pod.Name}; its members are {bounds.First} to {bounds.End - 1}";
        }
        if (bounds.IsOrdered)
        {
            for (var lower = bounds.Start; lower < ordinal; lower++)
            {
                if (!bounds.EverReady.Contains(lower))
                {
                    return $"StatefulSet {bounds.Name} created {pod.Name} before {bounds.Name}-{lower} was ready";
                }
            }
        }
        return null;
    }

    private string? ObserveLoss(PodChange change, Bounds bounds)
    {
        if (
            change.Before is not { IsActive: true } before
            || change.After is { IsActive: true } still && (still.IsHealthy || !before.IsHealthy)
        )
        {
            return null;
        }
        if (
            change.After is not { IsTerminating: true, IsDisrupted: false }
            || facts.ByUid(before.OwnerUid) is not { } set
            || set.IsTerminating()
        )
        {
            bounds.Lost += before.IsHealthy ? 1 : 0;
            return null;
        }
        var ordinal = Ordinal(before);
        var replicas = set.Number("spec", "replicas") ?? 1;
        if (bounds.ScaledAway.Contains(before.Uid))
        {
            var higher = facts.PodsOf(before.OwnerUid).Where(p => p.IsActive && Ordinal(p) > ordinal).Select(p => p.Name).FirstOrDefault();
            // When the set has a place for it again, it may as well be a rolling update that removes it.
            return bounds.IsOrdered && !bounds.HasPlaceFor(ordinal) && ordinal >= bounds.Start && higher is not null
                ? $"StatefulSet {bounds.Name} removed {before.Name} before {higher}"
                : null;
        }
        if (!before.IsHealthy)
        {
            return null;
        }
        if (ordinal < bounds.Partition)
        {
            return $"StatefulSet {bounds.Name} removed {before.Name}, which is below the partition {bounds.Partition}";
        }
        var healthy = facts
            .PodsOf(before.OwnerUid)
            .Count(p => p.IsHealthy && Ordinal(p) >= bounds.Partition && Ordinal(p) < bounds.Start + replicas);
        var wanted = bounds.Start + bounds.Replicas - Math.Max(bounds.Partition, bounds.Start);
        return healthy >= wanted - bounds.MaxUnavailable - bounds.Lost
            ? null
            : $"StatefulSet {bounds.Name} removed {before.Name} and has {healthy} healthy members of {wanted}; "
                + $"{bounds.MaxUnavailable} may be unavailable and {bounds.Lost} were lost otherwise";
    }

    private void Follow(DocumentChange change)
    {
        if (change.After is not { } set)
        {
            _bounds.Remove(change.Before?.Uid() ?? "");
            return;
        }
        var uid = set.Uid();
        var (replicas, start) = (set.Number("spec", "replicas") ?? 1, set.Number("spec", "ordinals", "start") ?? 0);
        var partition = Partition(set);
        var unavailable =
            set.Text("spec", "updateStrategy", "type") == "OnDelete" ? 0
            : set.At("spec", "updateStrategy", "rollingUpdate", "maxUnavailable") is { } value
                ? Math.Max(1, IntOrPercentValue.Resolve(value, replicas, roundUp: true))
            : 1;
        if (!_bounds.TryGetValue(uid, out var bounds) || IsSettled(set, replicas))
        {
            var ready = bounds?.EverReady ?? [];
            _bounds[uid] = bounds = new(set.Name())
            {
                Replicas = replicas,
                Partition = partition,
                First = start,
                End = start + replicas,
            };
            // Members that were removed in scaling down must be ready anew; those that exist have been.
            bounds.EverReady.UnionWith(ready.Where(o => o >= start && o < start + replicas));
        }
        bounds.Start = start;
        bounds.Replicas = Math.Min(bounds.Replicas, replicas);
        bounds.Partition = Math.Min(bounds.Partition, partition);
        bounds.MaxUnavailable = Math.Max(bounds.MaxUnavailable, unavailable);
        bounds.First = Math.Min(bounds.First, start);
        bounds.End = Math.Max(bounds.End, start + replicas);
        bounds.Size = replicas;
        bounds.ScaledAway.UnionWith(facts.PodsOf(uid).Where(p => !bounds.HasPlaceFor(Ordinal(p))).Select(p => p.Uid));
        bounds.IsOrdered = set.Text("spec", "podManagementPolicy") is "" or "OrderedReady";
    }

    private bool IsSettled(JsonElement set, int replicas) =>
        set.IsObserved()
        && set.Status("replicas") == replicas
        && set.Status("readyReplicas") == replicas
        && set.Text("status", "updateRevision") is var newest
        && facts.PodsOf(set.Uid()).Count() == replicas
        && facts.PodsOf(set.Uid()).All(p => p.IsHealthy && (p.Labels.GetValueOrDefault(Hash) == newest || Ordinal(p) < Partition(set)));

    // The first member that updates touch: partitions count from the set's start.
    private static int Partition(JsonElement set) =>
        (set.Number("spec", "ordinals", "start") ?? 0) + (set.Number("spec", "updateStrategy", "rollingUpdate", "partition") ?? 0);

    private sealed class Bounds(string name)
    {
        public string Name { get; } = name;
        public int Start { get; set; }
        public int Size { get; set; }
        public int First { get; set; }
        public int End { get; set; }
        public int Replicas { get; set; }
        public int Partition { get; set; }
        public int MaxUnavailable { get; set; }
        public bool IsOrdered { get; set; }
        public int Lost { get; set; }
        public SortedSet<int> EverReady { get; } = [];

        /// <summary>The uids of members that a size of the set had no place for.</summary>
        public SortedSet<string> ScaledAway { get; } = new(StringComparer.Ordinal);

        public bool HasPlaceFor(int ordinal) => ordinal >= Start && ordinal < Start + Size;
    }
}
