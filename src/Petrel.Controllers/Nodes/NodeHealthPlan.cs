using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Workloads;

namespace Petrel.Controllers.Nodes;

/// <summary>What to write about the health of a node.</summary>
/// <param name="IsUnknown">No heartbeat for longer than the grace period: its conditions become Unknown.</param>
/// <param name="Taints">All its taints as they should be; null when they are unchanged.</param>
public sealed record NodeHealthPlan(bool IsUnknown, IReadOnlyList<V1Taint>? Taints)
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";

    /// <summary>The conditions that the node's agent reports. They become Unknown without a heartbeat.</summary>
    private static readonly string[] ReportedConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    // The taint for each condition and status (upstream: nodeConditionToTaintKeyStatusMap).
    private static readonly (string Condition, string Status, string Taint)[] ConditionTaints =
    [
        ("Ready", "False", NotReady),
        ("Ready", "Unknown", Unreachable),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ];

    private const string Unschedulable = "node.kubernetes.io/unschedulable";

    /// <summary>The plan for a node whose last heartbeat was seen at <paramref name="lastSeen"/>, by this controller's clock.</summary>
    public static NodeHealthPlan Compute(V1Node node, DateTimeOffset lastSeen, DateTimeOffset now, TimeSpan grace)
    {
        var isSilent = now - lastSeen >= grace;
        var unknown =
            isSilent
            && ReportedConditions.Any(type =>
                StatusOf(node, type) is var status && status != "Unknown" && (status.Length > 0 || type == "Ready")
            );
        string Status(string type) => isSilent && ReportedConditions.Contains(type) ? "Unknown" : StatusOf(node, type);

        var desired = new List<(string Key, string Effect)>();
        foreach (var (condition, status, taint) in ConditionTaints)
        {
            // A node that has not reported yet is not ready.
            var actual =
                Status(condition) is { Length: > 0 } reported ? reported
                : condition == "Ready" ? "False"
                : "";
            if (actual == status)
            {
                desired.Add((taint, "NoSchedule"));
                if (condition == "Ready")
                {
                    desired.Add((taint, "NoExecute"));
                }
            }
        }
        if (node.Spec?.Unschedulable == true)
        {
            desired.Add((Unschedulable, "NoSchedule"));
        }

        var present = node.Spec?.Taints ?? [];
        var kept = present.Where(t => !IsManagedTaint(t) || desired.Contains((t.Key, t.Effect))).ToList();
        var added = desired
            .Where(w => !kept.Any(t => t.Key == w.Key && t.Effect == w.Effect))
            .Select(w => new V1Taint
            {
                Key = w.Key,
                Effect = w.Effect,
                TimeAdded = w.Effect == "NoExecute" ? now.UtcDateTime : null,
            })
            .ToList();
        var changed = kept.Count != present.Count || added.Count > 0;
        return new(unknown, changed ? [.. kept, .. added] : null);
    }

    /// <summary>The node's conditions without a heartbeat: reported ones become Unknown, the others stay.</summary>
    public static IList<V1NodeCondition> UnknownConditions(V1Node node, DateTimeOffset now)
    {
        var conditions = new List<V1NodeCondition>();
        foreach (var type in ReportedConditions)
        {
            var before = node.Status?.Conditions?.FirstOrDefault(c => c.Type == type);
            conditions.Add(
                before?.Status == "Unknown"
                    ? before
                    : new()
                    {
                        Type = type,
                        Status = "Unknown",
                        Reason = before is null ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
                        Message = before is null ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
                        LastHeartbeatTime = before?.LastHeartbeatTime ?? node.Metadata.CreationTimestamp,
                        LastTransitionTime = now.UtcDateTime,
                    }
            );
        }
        conditions.AddRange(node.Status?.Conditions?.Where(c => !ReportedConditions.Contains(c.Type)) ?? []);
        return conditions;
    }

    public static string StatusOf(V1Node node, string type) => node.Status?.Conditions?.FirstOrDefault(c => c.Type == type)?.Status ?? "";

    private static bool IsManagedTaint(V1Taint taint) =>
        ConditionTaints.Any(c => c.Taint == taint.Key)
            && (taint.Effect == "NoSchedule" || (taint.Effect == "NoExecute" && taint.Key is NotReady or Unreachable))
        || (taint.Key == Unschedulable && taint.Effect == "NoSchedule");
}
