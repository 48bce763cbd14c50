using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Quotas;

namespace Petrel.ApiServer.Admission.Pods;

/// <summary>What a RuntimeClass adds to its pods, and which pods it refuses.</summary>
internal static class RuntimeClassRules
{
    private const string OtherOverhead = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

    /// <summary>Sets overhead, node selector and tolerations; why the pod is refused, or null.</summary>
    public static string? Apply(JsonObject runtimeClass, JsonObject podSpec)
    {
        if (runtimeClass.Child("overhead") is { } overhead)
        {
            if (podSpec.Has("overhead") && !SameOverhead(overhead, podSpec))
            {
                return OtherOverhead;
            }
            podSpec["overhead"] = (overhead.Child("podFixed") ?? []).DeepClone();
        }
        if (runtimeClass.Child("scheduling") is not { } scheduling)
        {
            return null;
        }
        foreach (var (key, value) in scheduling.Map("nodeSelector"))
        {
            var selector = podSpec.Ensure("nodeSelector");
            if (selector.Has(key) && selector.Text(key) != value)
            {
                return $"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = "
                    + $"{selector.Text(key)}";
            }
            selector[key] = value;
        }
        foreach (var toleration in scheduling.Objects("tolerations"))
        {
            var tolerations = podSpec.List("tolerations") ?? [];
            if (!tolerations.Any(t => JsonNode.DeepEquals(t, toleration)))
            {
                tolerations.Add(toleration.DeepClone());
            }
            podSpec["tolerations"] = tolerations.Parent is null ? tolerations : tolerations.DeepClone();
        }
        return null;
    }

    /// <summary>Why a pod is refused as it is to be stored, or null.</summary>
    public static string? Problem(JsonObject? runtimeClass, JsonObject podSpec)
    {
        if (runtimeClass.Child("overhead") is { } overhead)
        {
            return SameOverhead(overhead, podSpec) ? null : OtherOverhead;
        }
        return podSpec.Has("overhead") ? "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead" : null;
    }

    private static bool SameOverhead(JsonObject overhead, JsonObject podSpec) =>
        ResourceAmounts.From(overhead["podFixed"]).SameAs(ResourceAmounts.From(podSpec["overhead"]));
}
