using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Pods;

/// <summary>What a priority class gives to a pod.</summary>
/// <param name="Name">The class, or empty without one.</param>
/// <param name="Value">The priority.</param>
/// <param name="PreemptionPolicy">Whether its pods displace others, or null.</param>
internal sealed record PodPriority(string Name, long Value, string? PreemptionPolicy)
{
    /// <summary>What pods get where no class is the default.</summary>
    public static PodPriority None { get; } = new("", 0, "PreemptLowerPriority");

    /// <summary>The classes that every cluster has, by value.</summary>
    public static IReadOnlyList<PodPriority> System { get; } =
    [new("system-cluster-critical", 2000000000, "PreemptLowerPriority"), new("system-node-critical", 2000001000, "PreemptLowerPriority")];

    public static PodPriority Of(JsonObject priorityClass) =>
        new(
            priorityClass.Child("metadata").Text("name"),
            priorityClass.Number("value") ?? 0,
            priorityClass.Text("preemptionPolicy") is { Length: > 0 } policy ? policy : null
        );

    /// <summary>Concurrent creates can leave several default classes: take the lowest value.</summary>
    public static PodPriority Default(IEnumerable<JsonObject> classes) =>
        classes.Where(c => c.Flag("globalDefault") == true).Select(Of).MinBy(p => p.Value) ?? None;

    /// <summary>Gives a new pod its priority; why that is refused, or null.</summary>
    public string? Apply(JsonObject podSpec)
    {
        if (podSpec.Text("priorityClassName").Length == 0 && Name.Length > 0)
        {
            podSpec["priorityClassName"] = Name;
        }
        if (podSpec.Number("priority") is { } asked && asked != Value)
        {
            return $"the integer value of priority ({asked}) must not be provided in pod spec; priority admission controller computed "
                + $"{Value} from the given PriorityClass name";
        }
        podSpec["priority"] = Value;
        if (PreemptionPolicy is not null)
        {
            if (podSpec.Text("preemptionPolicy") is { Length: > 0 } policy && policy != PreemptionPolicy)
            {
                return $"the string value of PreemptionPolicy ({policy}) must not be provided in pod spec; priority admission "
                    + $"controller computed {PreemptionPolicy} from the given PriorityClass name";
            }
            podSpec["preemptionPolicy"] = PreemptionPolicy;
        }
        return null;
    }
}
