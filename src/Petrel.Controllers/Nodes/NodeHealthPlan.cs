using k8s.Models;
using Petrel.Controllers.Jobs;

namespace Petrel.Controllers.Nodes;

/// <summary>What should be said of a node that is not what it says of itself.</summary>
/// <param name="IsUnknown">Nothing was heard for longer than the grace period: its conditions are Unknown.</param>
/// <param name="Taints">Its taints as they should be, others' included; null when they are so already.</param>
/// <param name="IsReady">Whether its pods may count as ready.</param>
public sealed record NodeHealthPlan(bool IsUnknown, IReadOnlyList<V1Taint>? Taints, bool IsReady)
{
    public const string NotReady = "node.kubernetes.io/not-ready";
    public const string Unreachable = "node.kubernetes.io/unreachable";

    /// <summary>What the node's agent reports about itself, and what its silence makes of it.</summary>
    private static readonly string[] ReportedConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

    // Which condition, in which state, keeps new pods away (upstream: nodeConditionToTaintKeyStatusMap).
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

    /// <summary>The plan for a node that was last heard of at <paramref name="heard"/> (by our own clock).</summary>
    public static NodeHealthPlan Compute(V1Node node, DateTimeOffset heard, DateTimeOffset now, TimeSpan grace)
    {
        var silent = now - heard >= grace;
        var unknown =
            silent
            && ReportedConditions.Any(type =>
                StatusOf(node, type) is var status && status != "Unknown" && (status.Length > 0 || type == "Ready")
            );
        string Status(string type) => silent && ReportedConditions.Contains(type) ? "Unknown" : StatusOf(node, type);

        var wanted = new List<(string Key, string Effect)>();
        foreach (var (condition, status, taint) in ConditionTaints)
        {
            // A node that has said nothing yet is not ready.
            var actual =
                Status(condition) is { Length: > 0 } told ? told
                : condition == "Ready" ? "False"
                : "";
            if (actual == status)
            {
                wanted.Add((taint, "NoSchedule"));
                if (condition == "Ready")
                {
                    wanted.Add((taint, "NoExecute"));
                }
            }
        }
        if (node.Spec?.Unschedulable == true)
        {
            wanted.Add((Unschedulable, "NoSchedule"));
        }

        var present = node.Spec?.Taints ?? [];
        var kept = present.Where(t => !IsOurs(t) || wanted.Contains((t.Key, t.Effect))).ToList();
        var added = wanted
            .Where(w => !kept.Any(t => t.Key == w.Key && t.Effect == w.Effect))
            .Select(w => new V1Taint
            {
                Key = w.Key,
                Effect = w.Effect,
                TimeAdded = w.Effect == "NoExecute" ? now.UtcDateTime : null,
            })
            .ToList();
        var changed = kept.Count != present.Count || added.Count > 0;
        return new(unknown, changed ? [.. kept, .. added] : null, Status("Ready") == "True");
    }

    /// <summary>The node's conditions after a silence longer than its grace: what it reports is Unknown, the rest stays.</summary>
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

    private static bool IsOurs(V1Taint taint) =>
        ConditionTaints.Any(c => c.Taint == taint.Key)
            && (taint.Effect == "NoSchedule" || (taint.Effect == "NoExecute" && taint.Key is NotReady or Unreachable))
        || (taint.Key == Unschedulable && taint.Effect == "NoSchedule");
}
