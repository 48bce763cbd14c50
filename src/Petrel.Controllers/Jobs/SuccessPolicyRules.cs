using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>Matches the succeeded indexes with a Job's <c>successPolicy</c>.</summary>
public static class SuccessPolicyRules
{
    /// <summary>The message for the first rule that matches; null when none does.</summary>
    public static string? Match(V1SuccessPolicy? policy, IndexRanges succeeded, int completions)
    {
        var rules = policy?.Rules ?? [];
        for (var i = 0; i < rules.Count && succeeded.Count > 0; i++)
        {
            if (Holds(rules[i], succeeded, completions))
            {
                return $"Matched rules at index {i}";
            }
        }
        return null;
    }

    // With indexes, all of them or the rule's count of them must have succeeded. Without indexes, the rule's count of any.
    private static bool Holds(V1SuccessPolicyRule rule, IndexRanges succeeded, int completions)
    {
        if (rule.SucceededIndexes is null)
        {
            return rule.SucceededCount is { } count && succeeded.Count >= count;
        }
        var required = IndexRanges.Parse(rule.SucceededIndexes, completions);
        var common = required.CountCommon(succeeded);
        return required.Count > 0 && (common == required.Count || (rule.SucceededCount is { } requiredCount && common >= requiredCount));
    }
}
