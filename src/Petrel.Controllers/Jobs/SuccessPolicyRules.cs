using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>Matches the indexes that succeeded with a job's <c>successPolicy</c>.</summary>
public static class SuccessPolicyRules
{
    /// <summary>The message that names the first rule that holds; null when none does.</summary>
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

    // Of the rule's indexes, all of them or as many as it says; without indexes, as many as it says of any.
    private static bool Holds(V1SuccessPolicyRule rule, IndexRanges succeeded, int completions)
    {
        if (rule.SucceededIndexes is null)
        {
            return rule.SucceededCount is { } count && succeeded.Count >= count;
        }
        var wanted = IndexRanges.Parse(rule.SucceededIndexes, completions);
        var common = wanted.CountCommon(succeeded);
        return wanted.Count > 0 && (common == wanted.Count || (rule.SucceededCount is { } enough && common >= enough));
    }
}
