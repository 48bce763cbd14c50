using k8s.Models;
using Petrel.Controllers.Deployments;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>Why a ReplicaSet's pods could not be created or deleted: <see cref="Reason"/> is FailedCreate or FailedDelete.</summary>
public sealed record ReplicaFailure(string Reason, string Message);

/// <summary>
/// The status that a ReplicaSet should have, and when to look again even without a change: when the next ready pod becomes available.
/// </summary>
public sealed record ReplicaSetStatusPlan(V1ReplicaSetStatus Status, TimeSpan? RequeueAfter)
{
    private const string FailureCondition = "ReplicaFailure";

    /// <summary>
    /// The status from the set's own pods. <paramref name="settled"/> says that everything this generation asks for has been tried and its
    /// outcome is known; otherwise the generation is not reported as observed.
    /// </summary>
    public static ReplicaSetStatusPlan Compute(
        V1ReplicaSet set,
        IEnumerable<V1Pod> ownPods,
        ReplicaFailure? failure,
        bool settled,
        DateTimeOffset now
    )
    {
        var selector = LabelSets.Selector(set.Spec.Selector);
        var template = set.Spec.Template?.Metadata?.Labels ?? new Dictionary<string, string>();
        var minReady = set.Spec.MinReadySeconds ?? 0;
        int replicas = 0,
            labeled = 0,
            ready = 0,
            available = 0,
            terminating = 0;
        TimeSpan? again = null;
        foreach (var pod in ownPods)
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
            labeled += template.All(l => labels.TryGetValue(l.Key, out var value) && value == l.Value) ? 1 : 0;
            ready += pod.IsReady() ? 1 : 0;
            if (pod.UntilAvailable(minReady, now) is { } wait)
            {
                available += wait <= TimeSpan.Zero ? 1 : 0;
                again = wait > TimeSpan.Zero && (again is null || wait < again) ? wait : again;
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
                ObservedGeneration = settled ? set.Metadata.Generation : set.Status?.ObservedGeneration,
                Conditions = Conditions(set.Status?.Conditions ?? [], failure, now),
            },
            again
        );
    }

    /// <summary>Whether writing the status would change nothing. An absent number is zero.</summary>
    public bool Is(V1ReplicaSetStatus? current, bool withTerminating = true) =>
        (current?.Replicas ?? 0) == Status.Replicas
        && (current?.FullyLabeledReplicas ?? 0) == Status.FullyLabeledReplicas
        && (current?.ReadyReplicas ?? 0) == Status.ReadyReplicas
        && (current?.AvailableReplicas ?? 0) == Status.AvailableReplicas
        && (!withTerminating || (current?.TerminatingReplicas ?? 0) == Status.TerminatingReplicas)
        && (current?.ObservedGeneration ?? 0) == (Status.ObservedGeneration ?? 0)
        && (current?.Conditions ?? []).Select(Content).SequenceEqual((Status.Conditions ?? []).Select(Content));

    // A failure that is reported already keeps its first words and time, as upstream has it: they would change with every try.
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
