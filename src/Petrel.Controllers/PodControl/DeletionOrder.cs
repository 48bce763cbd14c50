using System.Globalization;
using k8s.Models;

namespace Petrel.Controllers.PodControl;

/// <summary>
/// Which of a ReplicaSet's pods is the better one to delete (upstream: ActivePodsWithRanks): a pod that sorts before another goes first.
/// Ages are compared in buckets that double in length, so that the pods of a long-lived set are not always deleted newest first. Pods of
/// the same bucket go on to the next rule and in the end to their uid, which is random to the user and the same in every run; upstream goes
/// to the uid at once, which is no order when a third pod comes in.
/// </summary>
public sealed class DeletionOrder : IComparer<V1Pod>
{
    private const string CostAnnotation = "controller.kubernetes.io/pod-deletion-cost";

    private readonly Dictionary<string, int> _onNode = new(StringComparer.Ordinal);
    private readonly DateTimeOffset _now;

    /// <summary><paramref name="related"/> are the pods of all ReplicaSets with the same owner, this one's included.</summary>
    public DeletionOrder(IEnumerable<V1Pod> related, DateTimeOffset now)
    {
        _now = now;
        foreach (var pod in related.Where(PodStates.IsActive))
        {
            var node = NodeOf(pod);
            _onNode[node] = _onNode.GetValueOrDefault(node) + 1;
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
            || (order = Crowd(y).CompareTo(Crowd(x))) != 0
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

    // Zero is the cost of a pod that states none, or one that is no 32-bit integer.
    private static int Cost(V1Pod pod) =>
        pod.Metadata.Annotations is { } annotations
        && annotations.TryGetValue(CostAnnotation, out var text)
        && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var cost)
            ? cost
            : 0;

    private int Crowd(V1Pod pod) => _onNode.GetValueOrDefault(NodeOf(pod));

    // -2 when unknown, -1 when not in the past, else the power of two of the age in nanoseconds.
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
            return Most(pod.Status?.ContainerStatuses);
        }
        var restartable = (pod.Spec?.InitContainers ?? []).Where(c => c.RestartPolicy == "Always").Select(c => c.Name).ToArray();
        return restartable.Length == 0 ? 0 : Most(pod.Status?.InitContainerStatuses?.Where(s => restartable.Contains(s.Name)));
    }

    private static int Most(IEnumerable<V1ContainerStatus>? statuses) =>
        (statuses ?? []).Select(s => s.RestartCount).DefaultIfEmpty().Max();

    private static DateTimeOffset? CreatedAt(V1Pod pod) => pod.Metadata.CreationTimestamp is { } time ? PodStates.Utc(time) : null;
}
