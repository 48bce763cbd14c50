using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Policy;

/// <summary>policy/v1 PodDisruptionBudget.</summary>
internal static class PodDisruptionBudgetKind
{
    private static readonly string[] EvictionPolicies = ["AlwaysAllow", "IfHealthyBudget"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", namespaced: true) with
        {
            ShortNames = ["pdb"],
            HasStatus = true,
            HasGeneration = true,
            PrepareForCreate = static (value, _) =>
                value["status"] = new JsonObject
                {
                    ["currentHealthy"] = 0,
                    ["desiredHealthy"] = 0,
                    ["disruptionsAllowed"] = 0,
                    ["expectedPods"] = 0,
                },
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Min Available", "How many pods must stay available.", static o => Amount(o, "minAvailable")),
                Shown("Max Unavailable", "How many pods may be unavailable.", static o => Amount(o, "maxUnavailable")),
                Shown(
                    "Allowed Disruptions",
                    "How many pods may be evicted now.",
                    static o => o.Number("status", "disruptionsAllowed"),
                    "integer"
                ),
                Age,
            ],
        };

    private static string Amount(JsonElement value, string field) =>
        Scalar(value.At("spec", field)) is { Length: > 0 } amount ? amount : "N/A";

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (spec.Has("minAvailable") && spec.Has("maxUnavailable"))
        {
            errors.Invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set");
        }
        foreach (var field in (ReadOnlySpan<string>)["minAvailable", "maxUnavailable"])
        {
            if (
                spec.Has(field)
                && WorkloadValidation.Amount(spec[field], $"spec.{field}", errors) > 100
                && NodeFields.AsText(spec[field]) is { } percent
            )
            {
                errors.Invalid($"spec.{field}", percent, "must not be greater than 100%");
            }
        }
        SelectorValidation.Validate(spec.Child("selector"), "spec.selector", errors);
        if (spec.Has("unhealthyPodEvictionPolicy") && !EvictionPolicies.Contains(spec.Text("unhealthyPodEvictionPolicy")))
        {
            errors.NotSupported("spec.unhealthyPodEvictionPolicy", spec.Text("unhealthyPodEvictionPolicy"), EvictionPolicies);
        }
    }
}
