using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>The rules of label selectors within documents (meta/v1 LabelSelector).</summary>
internal static class SelectorValidation
{
    /// <summary>Checks a selector that may be absent.</summary>
    public static void Validate(JsonObject? selector, string path, FieldErrors errors)
    {
        MetadataValidation.Labels(selector, "matchLabels", path, errors);
        foreach (var (expression, at) in selector.Indexed("matchExpressions", path))
        {
            var values = expression.Texts("values").ToArray();
            switch (expression.Text("operator"))
            {
                case "In" or "NotIn":
                    if (values.Length == 0)
                    {
                        errors.Required($"{at}.values", "must be specified when `operator` is 'In' or 'NotIn'");
                    }
                    break;
                case "Exists" or "DoesNotExist":
                    if (values.Length > 0)
                    {
                        errors.Forbidden($"{at}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                    }
                    break;
                case var other:
                    errors.Invalid($"{at}.operator", other, "not a valid selector operator");
                    break;
            }
            if (LabelSyntax.KeyProblem(expression.Text("key")) is { } keyProblem)
            {
                errors.Invalid($"{at}.key", expression.Text("key"), keyProblem);
            }
            for (var i = 0; i < values.Length; i++)
            {
                if (LabelSyntax.ValueProblem(values[i]) is { } problem)
                {
                    errors.Invalid($"{at}.values[{i}]", values[i], problem);
                }
            }
        }
    }

    /// <summary>Whether a selector chooses everything.</summary>
    public static bool IsEmpty(JsonObject? selector) =>
        (selector.Child("matchLabels")?.Count ?? 0) == 0 && (selector.List("matchExpressions")?.Count ?? 0) == 0;
}
