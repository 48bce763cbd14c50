using System.Text.Json;
using Petrel.Simulation.Invariants.Facts;

namespace Petrel.Simulation.Invariants;

/// <summary>
/// A rolling update of a Deployment takes no healthy pod away that it needs: when a ReplicaSet that is scaled down removes one, as many
/// stay healthy as the fewest replicas wanted since the Deployment was last complete, less maxUnavailable, less those that were lost
/// otherwise meanwhile.
/// </summary>
public sealed class AvailabilityInvariant(ClusterFacts facts) : IInvariant
{
    private const string Deployments = "/registry/apps/deployments/";

    private readonly SortedDictionary<string, Floor> _floors = new(StringComparer.Ordinal); // by uid

    /// <inheritdoc/>
    public string Name => "availability";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        string? problem = null;
        foreach (var change in facts.PodChanges)
        {
            problem ??= ObservePod(change);
        }
        foreach (var change in commit)
        {
            if (change.Key.StartsWith(Deployments, StringComparison.Ordinal))
            {
                Follow(change);
            }
        }
        return problem;
    }

    private string? ObservePod(PodChange change)
    {
        if (
            change.Before is not { IsHealthy: true, OwnerKind: "ReplicaSet" } before
            || change.After is { IsHealthy: true }
            || facts.ByUid(before.OwnerUid) is not { } set
            || !_floors.TryGetValue(set.ControllerUid(), out var floor)
        )
        {
            return null;
        }
        var active = facts.PodsOf(before.OwnerUid).Count(p => p.IsActive) + 1;
        var scaledDown = change.After is { IsTerminating: true, IsDisrupted: false } && active > (set.Number("spec", "replicas") ?? 1);
        if (!scaledDown)
        {
            floor.Lost++;
            return null;
        }
        var healthy = Healthy(set.ControllerUid());
        return floor.IsRecreate || healthy >= floor.Replicas - floor.MaxUnavailable - floor.Lost
            ? null
            : $"{before.ShortKey} was removed by its ReplicaSet, and Deployment {floor.Name} has {healthy} healthy pods; "
                + $"{floor.Replicas} are wanted, {floor.MaxUnavailable} may be unavailable and {floor.Lost} were lost otherwise";
    }

    private void Follow(DocumentChange change)
    {
        if (change.After is not { } deployment)
        {
            _floors.Remove(change.Before?.Uid() ?? "");
            return;
        }
        var uid = deployment.Uid();
        var replicas = deployment.Number("spec", "replicas") ?? 1;
        var (recreate, unavailable) = (deployment.Text("spec", "strategy", "type") == "Recreate", MaxUnavailable(deployment, replicas));
        if (!_floors.TryGetValue(uid, out var floor) || IsSettled(deployment, replicas))
        {
            _floors[uid] = floor = new(deployment.Name())
            {
                Replicas = replicas,
                MaxUnavailable = unavailable,
                IsRecreate = recreate,
            };
        }
        floor.Replicas = Math.Min(floor.Replicas, replicas);
        floor.MaxUnavailable = Math.Max(floor.MaxUnavailable, unavailable);
        floor.IsRecreate |= recreate;
    }

    // Nothing is under way: its status is the truth, and no ReplicaSet has a pod too many.
    private bool IsSettled(JsonElement deployment, int replicas) =>
        deployment.IsObserved()
        && deployment.Status("replicas") == replicas
        && deployment.Status("updatedReplicas") == replicas
        && deployment.Status("availableReplicas") == replicas
        && Healthy(deployment.Uid()) == replicas
        && SetsOf(deployment.Uid()).All(s => facts.PodsOf(s.Uid()).Count(p => p.IsActive) <= (s.Number("spec", "replicas") ?? 1));

    private int Healthy(string deployment) => SetsOf(deployment).Sum(s => facts.PodsOf(s.Uid()).Count(p => p.IsHealthy));

    private IEnumerable<JsonElement> SetsOf(string deployment) =>
        facts.Objects("/registry/apps/replicasets/").Select(s => s.Value).Where(s => s.ControllerUid() == deployment);

    // Absent is upstream's default of 25 %; percentages are rounded down, and when both bounds come to nothing, one may be unavailable.
    private static int MaxUnavailable(JsonElement deployment, int replicas)
    {
        int Bound(string name, bool up) =>
            deployment.At("spec", "strategy", "rollingUpdate", name) is { } value
                ? IntOrPercentValue.Resolve(value, replicas, up)
                : (replicas + (up ? 3 : 0)) / 4;
        var unavailable = Bound("maxUnavailable", up: false);
        return unavailable == 0 && Bound("maxSurge", up: true) == 0 ? 1 : Math.Min(unavailable, replicas);
    }

    private sealed class Floor(string name)
    {
        public string Name { get; } = name;
        public int Replicas { get; set; }
        public int MaxUnavailable { get; set; }
        public bool IsRecreate { get; set; }
        public int Lost { get; set; }
    }
}
