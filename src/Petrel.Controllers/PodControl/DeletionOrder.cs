using System.Globalization;
using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.PodControl;

/// <summary>
/// The order in which a ReplicaSet's pods are deleted (upstream: ActivePodsWithRanks). Ages are compared in buckets of doubling length, so
/// that the newest pods of an old set are not always deleted first. Pods in the same bucket are compared by the next rules, and finally by
/// uid. Upstream compares uids at once, which is no total order over three pods.
/// </summary>
public sealed class DeletionOrder : IComparer<V1Pod>
{
    private const string CostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

    private readonly Dictionary<string, int> _podsOnNode = new(StringComparer.Ordinal);
    private readonly DateTimeOffset _now;

    public DeletionOrder(IEnumerable<V1Pod> related, DateTimeOffset now)
    {
        _now = now;
        foreach (var pod in related.Where(PodStates.IsActive))
        {
            var node = NodeOf(pod);
            _podsOnNode[node] = _podsOnNode.GetValueOrDefault(node) + 1;
        }
    }

    /// <inheritdoc/>
    public int Compare(V1Pod? x, V1Pod? y)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(y);
        int order;
        if (
            (order = IsAssigned(x).CompareTo(IsAssigned(y))) != 0
            || (order = PhaseRank(x).CompareTo(PhaseRank(y))) != 0
            || (order = x.IsReady().CompareTo(y.IsReady())) != 0
            || (order = Cost(x).CompareTo(Cost(y))) != 0
            || (order = RelatedPodsOnNode(y).CompareTo(RelatedPodsOnNode(x))) != 0
            || (order = AgeRank(x.ReadySince()).CompareTo(AgeRank(y.ReadySince()))) != 0
            || (order = Restarts(y, sidecars: false).CompareTo(Restarts(x, sidecars: false))) != 0
            || (order = Restarts(y, sidecars: true).CompareTo(Restarts(x, sidecars: true))) != 0
            || (order = AgeRank(CreatedAt(x)).CompareTo(AgeRank(CreatedAt(y)))) != 0
        )
        {
            return order;
        }
        return string.CompareOrdinal(x.Metadata.Uid, y.Metadata.Uid);
    }

    private static string NodeOf(V1Pod pod) => pod.Spec?.NodeName ?? "";

    private static bool IsAssigned(V1Pod pod) => NodeOf(pod).Length > 0;

    private static int PhaseRank(V1Pod pod) =>
        pod.Status?.Phase switch
        {
            "Unknown" => 1,
            "Running" => 2,
            _ => 0,
        };

    // Without the annotation, or with a malformed one, the cost is zero.
    private static int Cost(V1Pod pod) =>
        pod.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(CostAnnotation, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost)
            ? cost
            : 0;

    private int RelatedPodsOnNode(V1Pod pod) => _podsOnNode.GetValueOrDefault(NodeOf(pod));

    // -2 when unknown, -1 when not in the past, else the logarithm of the age in nanoseconds.
    private int AgeRank(DateTimeOffset? since) =>
        since switch
        {
            null => -2,
            { } time when time >= _now => -1,
            { } time => (int)Math.Log2((_now - time).Ticks * 100.0),
        };

    private static int Restarts(V1Pod pod, bool sidecars)
    {
        if (!sidecars)
        {
            return MaxRestarts(pod.Status?.ContainerStatuses);
        }
        var restartable = (pod.Spec?.InitContainers ?? []).Where(c => c.RestartPolicy == "Always").Select(c => c.Name).ToArray();
        return restartable.Length == 0 ? 0 : MaxRestarts(pod.Status?.InitContainerStatuses?.Where(s => restartable.Contains(s.Name)));
    }

    private static int MaxRestarts(IEnumerable<V1ContainerStatus>? statuses) =>
        (statuses ?? []).Select(s => s.RestartCount).DefaultIfEmpty().Max();

    private static DateTimeOffset? CreatedAt(V1Pod pod) => pod.Metadata.CreationTimestamp is { } time ? time.AsUtc() : null;
}
