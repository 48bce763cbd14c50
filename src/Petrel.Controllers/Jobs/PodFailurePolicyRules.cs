using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// The result of a Job's <c>podFailurePolicy</c> for one failed pod. <see cref="Message"/> is why the whole Job fails, for the action
/// FailJob.
/// </summary>
public readonly record struct PodFailure(string? Action, string? Message = null)
{
    public const string FailJob = "FailJob";
    public const string FailIndex = "FailIndex";
    public const string Ignore = "Ignore";

    /// <summary>Whether the failure counts towards the backoff limits.</summary>
    public bool Counts => Action != Ignore;
}

/// <summary>Matches failed pods with a Job's <c>podFailurePolicy</c>. The first rule that matches decides.</summary>
public static class PodFailurePolicyRules
{
    /// <summary>Applies the policy. A pod that matches no rule counts.</summary>
    public static PodFailure Evaluate(V1PodFailurePolicy? policy, V1Pod pod)
    {
        var rules = policy?.Rules ?? [];
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];
            if (rule.OnExitCodes is { } codes)
            {
                if ((Match(pod.Status?.ContainerStatuses, codes) ?? Match(pod.Status?.InitContainerStatuses, codes)) is { } container)
                {
                    return new(
                        rule.Action,
                        $"Container {container.Name} for pod {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name} failed with exit code "
                            + $"{container.State.Terminated.ExitCode} matching {rule.Action} rule at index {i}"
                    );
                }
            }
            else if (Match(pod.Status?.Conditions, rule.OnPodConditions ?? []) is { } condition)
            {
                return new(
                    rule.Action,
                    $"Pod {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name} has condition {condition.Type} matching "
                        + $"{rule.Action} rule at index {i}"
                );
            }
        }
        return new(null);
    }

    private static V1ContainerStatus? Match(IList<V1ContainerStatus>? statuses, V1PodFailurePolicyOnExitCodesRequirement codes) =>
        statuses?.FirstOrDefault(s =>
            s.State?.Terminated is { ExitCode: not 0 } end
            && (codes.ContainerName is null || codes.ContainerName == s.Name)
            && codes.OperatorProperty switch
            {
                "In" => codes.Values.Contains(end.ExitCode),
                "NotIn" => !codes.Values.Contains(end.ExitCode),
                _ => false,
            }
        );

    private static V1PodCondition? Match(IList<V1PodCondition>? conditions, IList<V1PodFailurePolicyOnPodConditionsPattern> patterns) =>
        conditions?.FirstOrDefault(c => patterns.Any(p => p.Type == c.Type && (p.Status ?? "True") == c.Status));
}
