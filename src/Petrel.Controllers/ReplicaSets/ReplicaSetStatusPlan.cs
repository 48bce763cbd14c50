using k8s.Models;
using Petrel.Controllers.Deployments;
using Petrel.Workloads;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>Why pods could not be created or deleted.</summary>
/// <param name="Reason">FailedCreate or FailedDelete.</param>
/// <param name="Message">The error.</param>
public sealed record ReplicaFailure(string Reason, string Message);

/// <summary>The status that a ReplicaSet should have.</summary>
/// <param name="Status">The status.</param>
/// <param name="RequeueAfter">When the next ready pod becomes available; null when none will.</param>
public sealed record ReplicaSetStatusPlan(V1ReplicaSetStatus Status, TimeSpan? RequeueAfter)
{
    private const string FailureCondition = "ReplicaFailure";

    /// <summary>Computes the status.</summary>
    /// <param name="set">The ReplicaSet.</param>
    /// <param name="pods">The pods that it controls.</param>
    /// <param name="failure">Why pods could not be created or deleted, if so.</param>
    /// <param name="isSettled">
    /// Whether all writes that the generation asks for have a known outcome; otherwise it is not reported as observed.
    /// </param>
    /// <param name="now">The time.</param>
    public static ReplicaSetStatusPlan Compute(
        V1ReplicaSet set,
        IEnumerable<V1Pod> pods,
        ReplicaFailure? failure,
        bool isSettled,
        DateTimeOffset now
    )
    {
        var selector = LabelSelectors.From(set.Spec.Selector);
        var templateLabels = LabelSets.Of(set.Spec.Template?.Metadata?.Labels);
        var minReadySeconds = set.Spec.MinReadySeconds ?? 0;
        int replicas = 0,
            labeled = 0,
            ready = 0,
            available = 0,
            terminating = 0;
        TimeSpan? requeueAfter = null;
        foreach (var pod in pods)
        {
            var labels = LabelSets.Of(pod.Metadata.Labels);
            if (!pod.IsControlledBy(set.Metadata.Uid) || !selector.Matches(labels))
            {
                continue;
            }
            terminating += pod.IsTerminating() ? 1 : 0;
            if (!pod.IsActive())
            {
                continue;
            }
            replicas++;
            labeled += LabelSets.ContainAll(labels, templateLabels) ? 1 : 0;
            ready += pod.IsReady() ? 1 : 0;
            if (pod.UntilAvailable(minReadySeconds, now) is { } wait)
            {
                available += wait <= TimeSpan.Zero ? 1 : 0;
                requeueAfter = wait > TimeSpan.Zero && (requeueAfter is null || wait < requeueAfter) ? wait : requeueAfter;
            }
        }
        return new(
            new()
            {
                Replicas = replicas,
                FullyLabeledReplicas = labeled,
                ReadyReplicas = ready,
                AvailableReplicas = available,
                TerminatingReplicas = terminating,
                ObservedGeneration = isSettled ? set.Metadata.Generation : set.Status?.ObservedGeneration,
                Conditions = Conditions(set.Status?.Conditions ?? [], failure, now),
            },
            requeueAfter
        );
    }

    /// <summary>Whether the current status is the same. An absent number is zero.</summary>
    public bool IsEqualTo(V1ReplicaSetStatus? current, bool withTerminating = true) =>
        (current?.Replicas ?? 0) == Status.Replicas
        && (current?.FullyLabeledReplicas ?? 0) == Status.FullyLabeledReplicas
        && (current?.ReadyReplicas ?? 0) == Status.ReadyReplicas
        && (current?.AvailableReplicas ?? 0) == Status.AvailableReplicas
        && (!withTerminating || (current?.TerminatingReplicas ?? 0) == Status.TerminatingReplicas)
        && (current?.ObservedGeneration ?? 0) == (Status.ObservedGeneration ?? 0)
        && (current?.Conditions ?? []).Select(Content).SequenceEqual((Status.Conditions ?? []).Select(Content));

    // A failure condition keeps its first message and time, as upstream: they would change with every retry.
    private static List<V1ReplicaSetCondition>? Conditions(
        IList<V1ReplicaSetCondition> current,
        ReplicaFailure? failure,
        DateTimeOffset now
    )
    {
        List<V1ReplicaSetCondition> conditions = [.. current.Where(c => failure is not null || c.Type != FailureCondition)];
        if (failure is not null && conditions.All(c => c.Type != FailureCondition))
        {
            conditions.Add(
                new()
                {
                    Type = FailureCondition,
                    Status = "True",
                    Reason = failure.Reason,
                    Message = failure.Message,
                    LastTransitionTime = now.UtcDateTime,
                }
            );
        }
        return conditions.Count == 0 ? null : conditions;
    }

    private static (string, string, string, string) Content(V1ReplicaSetCondition c) => (c.Type, c.Status, c.Reason, c.Message);
}
