using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>Upstream's rules for nodes.</summary>
internal static class NodeValidation
{
    private static readonly string[] Effects = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

    // What may change after creation: the rest of the spec is what the node is.
    private static readonly string[] Changeable = ["unschedulable", "taints"];

    // May be given later, but not changed.
    private static readonly string[] GivenOnce = ["podCIDR", "podCIDRs", "providerID"];

    public static void Validate(JsonObject node, JsonObject? old, FieldErrors errors)
    {
        Taints(node.Child("spec"), errors);
        foreach (var list in new[] { "capacity", "allocatable" })
        {
            foreach (var (name, amount) in node.Child("status").Map(list))
            {
                Quantities.NotNegative(amount, $"status.{list}[{name}]", errors);
            }
        }
        var addresses = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (address, path) in node.Child("status").Indexed("addresses", "status"))
        {
            if (!addresses.Add($"{address.Text("type")}/{address.Text("address")}"))
            {
                errors.Duplicate(path, address);
            }
        }
        if (old is not null)
        {
            Update(node.Child("spec") ?? [], old.Child("spec") ?? [], errors);
        }
    }

    private static void Taints(JsonObject? spec, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (taint, path) in spec.Indexed("taints", "spec"))
        {
            var effect = taint.Text("effect");
            if (LabelSyntax.KeyProblem(taint.Text("key")) is { } keyProblem)
            {
                errors.Invalid($"{path}.key", taint.Text("key"), keyProblem);
            }
            if (LabelSyntax.ValueProblem(taint.Text("value")) is { } valueProblem)
            {
                errors.Invalid($"{path}.value", taint.Text("value"), valueProblem);
            }
            if (effect.Length == 0)
            {
                errors.Required($"{path}.effect");
            }
            else if (!Effects.Contains(effect))
            {
                errors.NotSupported($"{path}.effect", effect, Effects);
            }
            else if (!seen.Add($"{taint.Text("key")}:{effect}"))
            {
                errors.Duplicate(path, taint);
            }
        }
    }

    private static void Update(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        foreach (var name in GivenOnce)
        {
            if (old.Has(name) && !JsonNode.DeepEquals(spec[name], old[name]))
            {
                errors.Forbidden($"spec.{name}", "node updates may not change " + name + " except from \"\" to valid");
            }
        }
        foreach (var name in spec.Concat(old).Select(m => m.Key).Distinct(StringComparer.Ordinal))
        {
            if (!Changeable.Contains(name) && !GivenOnce.Contains(name) && !JsonNode.DeepEquals(spec[name], old[name]))
            {
                errors.Forbidden("spec", $"node updates may only change labels, taints, or capacity: {name} differs");
            }
        }
    }
}
