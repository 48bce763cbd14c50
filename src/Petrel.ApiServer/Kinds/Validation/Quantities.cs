using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>The rules of numbers and resource amounts.</summary>
internal static class Quantities
{
    // What containers may ask for without a domain.
    private static readonly string[] Standard = ["cpu", "memory", "ephemeral-storage", "storage"];

    public static void NotNegative(long? value, string path, FieldErrors errors)
    {
        if (value < 0)
        {
            errors.Invalid(path, value, "must be greater than or equal to 0");
        }
    }

    /// <summary>An amount, which must be readable and not negative.</summary>
    public static void NotNegative(string amount, string path, FieldErrors errors)
    {
        if (!Quantity.TryParse(amount, out var quantity))
        {
            errors.Invalid(path, amount, "must be a valid quantity");
        }
        else if (quantity.Sign < 0)
        {
            errors.Invalid(path, amount, "must be greater than or equal to 0");
        }
    }

    /// <summary>A container's or pod's <c>resources</c>.</summary>
    public static void Requirements(JsonObject? resources, string path, FieldErrors errors)
    {
        var limits = resources.Map("limits").ToDictionary(StringComparer.Ordinal);
        foreach (var (name, amount) in limits)
        {
            Amount(name, amount, $"{path}.limits[{name}]", errors);
        }
        foreach (var (name, amount) in resources.Map("requests"))
        {
            Amount(name, amount, $"{path}.requests[{name}]", errors);
            var limited = limits.TryGetValue(name, out var limit);
            var may = MayOvercommit(name);
            if (!limited)
            {
                if (!may)
                {
                    errors.Required($"{path}.limits", "Limit must be set for non overcommitable resources");
                }
            }
            else if (Quantity.TryParse(amount, out var request) && Quantity.TryParse(limit, out var most))
            {
                if (!may && request != most)
                {
                    errors.Invalid($"{path}.requests", request.ToString(), $"must be equal to {name} limit of {most}");
                }
                else if (request > most)
                {
                    errors.Invalid($"{path}.requests", request.ToString(), $"must be less than or equal to {name} limit of {most}");
                }
            }
        }
    }

    private static void Amount(string name, string amount, string path, FieldErrors errors)
    {
        if (LabelSyntax.KeyProblem(name) is { } problem)
        {
            errors.Invalid(path, name, problem);
        }
        else if (!name.Contains('/', StringComparison.Ordinal) && !Standard.Contains(name) && !IsHugePages(name))
        {
            errors.Invalid(path, name, "must be a standard resource type or fully qualified");
        }
        NotNegative(amount, path, errors);
        if (
            name.Contains('/', StringComparison.Ordinal)
            && Quantity.TryParse(amount, out var quantity)
            && quantity != Quantity.FromValue(quantity.Value)
        )
        {
            errors.Invalid(path, amount, "must be an integer");
        }
    }

    // Devices and huge pages are given out whole.
    private static bool MayOvercommit(string name) => !name.Contains('/', StringComparison.Ordinal) && !IsHugePages(name);

    private static bool IsHugePages(string name) => name.StartsWith("hugepages-", StringComparison.Ordinal);
}
