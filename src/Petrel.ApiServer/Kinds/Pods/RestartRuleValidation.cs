using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for <c>restartPolicyRules</c> of a container.</summary>
internal static class RestartRuleValidation
{
    private const int MaxRules = 20;
    private const int MaxValues = 255;
    private static readonly string[] Actions = ["Restart"];
    private static readonly string[] Operators = ["In", "NotIn"];

    public static void Validate(JsonObject container, string path, FieldErrors errors)
    {
        if (container.List("restartPolicyRules") is not { Count: > 0 } rules)
        {
            return;
        }
        if (container.Text("restartPolicy").Length == 0)
        {
            errors.Required($"{path}.restartPolicy", "must specify restartPolicy when restart rules are used");
        }
        if (rules.Count > MaxRules)
        {
            errors.TooMany($"{path}.restartPolicyRules", rules.Count, MaxRules);
        }
        foreach (var (rule, at) in container.Indexed("restartPolicyRules", path))
        {
            if (!Actions.Contains(rule.Text("action")))
            {
                errors.NotSupported($"{at}.action", rule.Text("action"), Actions);
            }
            if (rule.Child("exitCodes") is not { } codes)
            {
                errors.Required($"{at}.exitCodes", "must be specified");
                continue;
            }
            if (!Operators.Contains(codes.Text("operator")))
            {
                errors.NotSupported($"{at}.exitCodes.operator", codes.Text("operator"), Operators);
            }
            if (codes.List("values") is { Count: > MaxValues } values)
            {
                errors.TooMany($"{at}.exitCodes.values", values.Count, MaxValues);
            }
        }
    }
}
