using k8s.Models;

namespace Petrel.Scheduler.Gangs;

/// <summary>Computes the status of a PodGroup from its pods.</summary>
internal static class PodGroupStatusPlan
{
    public const string Pending = "Pending";
    public const string Scheduling = "Scheduling";
    public const string Unschedulable = "Unschedulable";
    public const string Scheduled = "Scheduled";
    public const string Running = "Running";
    public const string Finished = "Finished";

    private const string ConditionType = "Scheduled";

    /// <summary>
    /// The status. Pending: fewer pods than minMember exist. Scheduling: enough exist. Unschedulable: no places are free for
    /// now. Scheduled: enough have a node. Running: enough run, or have done their work. Finished: all have, and there were enough. Pods
    /// that failed do not count.
    /// </summary>
    public static PodGroupStatus Compute(PodGroup group, IReadOnlyCollection<V1Pod> pods, DateTime now)
    {
        var members = pods.Where(p => p.Status?.Phase != "Failed").ToList();
        var min = group.Spec.MinMember;
        var scheduled = members.Count(p => !string.IsNullOrEmpty(p.Spec.NodeName));
        var running = members.Count(p => p.Status?.Phase == "Running");
        var succeeded = members.Count(p => p.Status?.Phase == "Succeeded");
        var refusal = members
            .Where(p => string.IsNullOrEmpty(p.Spec.NodeName))
            .SelectMany(p => p.Status?.Conditions ?? [])
            .FirstOrDefault(c => c is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" });
        var (phase, message) =
            members.Count < min ? (Pending, $"{members.Count} of the {min} pods that it needs exist")
            : scheduled < min && refusal is null ? (Scheduling, $"{scheduled} of the {min} pods that it needs have a node")
            : scheduled < min ? (Unschedulable, refusal!.Message ?? "")
            : succeeded >= min && succeeded == members.Count ? (Finished, $"{succeeded} pods have done their work")
            : running + succeeded >= min ? (Running, $"{running} pods run")
            : (Scheduled, $"{scheduled} pods have a node");
        return new()
        {
            Phase = phase,
            ObservedGeneration = group.Metadata.Generation,
            Members = members.Count,
            Scheduled = scheduled,
            Running = running,
            Conditions =
            [
                .. (group.Status.Conditions ?? []).Where(c => c.Type != ConditionType),
                Condition(group, scheduled >= min, phase, message, now),
            ],
        };
    }

    /// <summary>Whether both statuses are equal.</summary>
    public static bool Same(PodGroupStatus left, PodGroupStatus right) =>
        (left.Phase, left.ObservedGeneration, left.Members, left.Scheduled, left.Running)
            == (right.Phase, right.ObservedGeneration, right.Members, right.Scheduled, right.Running)
        && (left.Conditions ?? []).Select(Text).SequenceEqual((right.Conditions ?? []).Select(Text));

    private static (string, string, string, string, DateTime?) Text(V1Condition condition) =>
        (condition.Type, condition.Status, condition.Reason, condition.Message, condition.LastTransitionTime);

    private static V1Condition Condition(PodGroup group, bool holds, string reason, string message, DateTime now)
    {
        var status = holds ? "True" : "False";
        var before = group.Status.Conditions?.FirstOrDefault(c => c.Type == ConditionType);
        return new()
        {
            Type = ConditionType,
            Status = status,
            Reason = reason,
            Message = message,
            ObservedGeneration = group.Metadata.Generation,
            LastTransitionTime = before?.Status == status ? before.LastTransitionTime : now,
        };
    }
}
