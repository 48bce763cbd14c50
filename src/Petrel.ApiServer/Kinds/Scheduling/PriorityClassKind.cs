using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Scheduling;

/// <summary>scheduling.k8s.io/v1 PriorityClass.</summary>
internal static class PriorityClassKind
{
    private const long HighestUserValue = 1_000_000_000;
    private const string SystemPrefix = "system-";

    /// <summary>The classes that every cluster has, with their values.</summary>
    public static IReadOnlyList<KeyValuePair<string, long>> SystemClasses { get; } =
    [new("system-cluster-critical", 2_000_000_000), new("system-node-critical", 2_000_001_000)];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", namespaced: false) with
        {
            ShortNames = ["pc"],
            HasGeneration = true,
            Default = static value =>
            {
                value.Fill("preemptionPolicy", "PreemptLowerPriority");
                value.Fill("value", 0);
            },
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Value", "How important its pods are.", static o => o.Number("value"), "integer"),
                Shown(
                    "Global-Default",
                    "Whether pods without a class have it.",
                    static o => o.Flag("globalDefault") ? "true" : "false",
                    "boolean"
                ),
                Age,
                Wide("PreemptionPolicy", "Whether its pods displace others.", static o => o.Text("preemptionPolicy")) with
                {
                    Priority = 0,
                },
            ],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var name = value.Child("metadata").Text("name");
        var amount = value.Number("value") ?? 0;
        if (name.StartsWith(SystemPrefix, StringComparison.Ordinal))
        {
            var known = SystemClasses.Any(c => c.Key == name && c.Value == amount) && value.Flag("globalDefault") != true;
            if (!known)
            {
                errors.Forbidden(
                    "metadata.name",
                    $"priority class names with '{SystemPrefix}' prefix are reserved for system use only. error: {name} is not "
                        + $"a known system priority class"
                );
            }
        }
        else if (amount > HighestUserValue)
        {
            errors.Forbidden("value", $"maximum allowed value of a user defined priority is {HighestUserValue}");
        }
        if (value.Text("preemptionPolicy") is not ("PreemptLowerPriority" or "Never") and var policy)
        {
            errors.NotSupported("preemptionPolicy", policy, "Never", "PreemptLowerPriority");
        }
        foreach (var field in (ReadOnlySpan<string>)["value", "preemptionPolicy"])
        {
            if (old is not null && !JsonNode.DeepEquals(value[field], old[field]))
            {
                errors.Forbidden(field, $"may not be changed in an update.");
            }
        }
    }
}
