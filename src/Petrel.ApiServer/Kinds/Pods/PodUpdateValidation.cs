using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>What may change in a pod after its creation: few fields, and some in one direction only.</summary>
internal static class PodUpdateValidation
{
    private const string Rule =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        + "`spec.activeDeadlineSeconds`,"
        + "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set "
        + "to 1 if it was previously negative)";

    private static readonly SchemaType SpecType = KubernetesSchemas.ByName("io.k8s.api.core.v1.PodSpec")
        ?? throw new InvalidOperationException("there is no schema of PodSpec");

    public static void Validate(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        foreach (var list in new[] { "containers", "initContainers" })
        {
            if ((spec.List(list)?.Count ?? 0) != (old.List(list)?.Count ?? 0))
            {
                errors.Forbidden($"spec.{list}", "pod updates may not add or remove containers");
                return;
            }
        }
        Deadline(spec, old, errors);
        Tolerations(spec, old, errors);
        var gates = old.Objects("schedulingGates").Select(g => g.Text("name")).ToHashSet(StringComparer.Ordinal);
        foreach (var (gate, at) in spec.Indexed("schedulingGates", "spec"))
        {
            if (!gates.Contains(gate.Text("name")))
            {
                errors.Forbidden($"{at}.name", $"only deletion is allowed, but found new scheduling gate '{gate.Text("name")}'");
            }
        }

        var copy = (JsonObject)spec.DeepClone();
        Restore(copy, old, gates.Count > 0);
        var changed = SemanticEquality.Differences(copy, old, SpecType, "spec");
        if (changed.Count > 0)
        {
            errors.Forbidden("spec", $"{Rule}\n{string.Join('\n', changed.Select(c => $"  {c}"))}\n");
        }
    }

    /// <summary>Restores the mutable fields, so that any remaining difference is forbidden.</summary>
    private static void Restore(JsonObject spec, JsonObject old, bool wasGated)
    {
        foreach (var list in new[] { "containers", "initContainers" })
        {
            foreach (var (mine, theirs) in spec.Objects(list).Zip(old.Objects(list)))
            {
                Restore(mine, theirs, "image");
            }
        }
        Restore(spec, old, "activeDeadlineSeconds");
        Restore(spec, old, "tolerations");
        Restore(spec, old, "schedulingGates");
        if (old.Number("terminationGracePeriodSeconds") < 0 && spec.Number("terminationGracePeriodSeconds") == 1)
        {
            Restore(spec, old, "terminationGracePeriodSeconds");
        }
        // A gated pod's node selection may still be narrowed.
        if (wasGated && old.Map("nodeSelector").All(l => spec.Child("nodeSelector").Text(l.Key) == l.Value))
        {
            Restore(spec, old, "nodeSelector");
        }
    }

    private static void Restore(JsonObject target, JsonObject source, string field)
    {
        target.Remove(field);
        if (source[field] is { } value)
        {
            target[field] = value.DeepClone();
        }
    }

    private static void Deadline(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        const string path = "spec.activeDeadlineSeconds";
        if (old.Number("activeDeadlineSeconds") is not { } before)
        {
            return;
        }
        if (spec.Number("activeDeadlineSeconds") is not { } now)
        {
            errors.Invalid(path, null, "must not update from a positive integer to nil value");
        }
        else if (now > before)
        {
            errors.Invalid(path, now, "must be less than or equal to previous value");
        }
    }

    private static void Tolerations(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var now = spec.Objects("tolerations").Select(WithoutSeconds).ToArray();
        if (!old.Objects("tolerations").Select(WithoutSeconds).All(t => now.Any(n => JsonNode.DeepEquals(n, t))))
        {
            errors.Forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
        }
    }

    private static JsonNode WithoutSeconds(JsonObject toleration)
    {
        var copy = (JsonObject)toleration.DeepClone();
        copy.Remove("tolerationSeconds");
        return copy;
    }
}
