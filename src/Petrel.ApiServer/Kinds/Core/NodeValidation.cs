using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>Upstream's rules for nodes.</summary>
internal static class NodeValidation
{
    public static void Validate(JsonObject node, JsonObject? old, FieldErrors errors)
    {
        var spec = node.Child("spec") ?? [];
        Taints(spec, errors);
        Resources(node.Child("status"), errors);
        if (old is null)
        {
            Ranges(spec, errors);
        }
        else
        {
            Addresses(node.Child("status"), errors);
            Update(spec, old.Child("spec") ?? [], errors);
        }
    }

    // Upstream reports taints under metadata, where they once were.
    private static void Taints(JsonObject spec, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (taint, path) in spec.Indexed("taints", "metadata"))
        {
            if (LabelSyntax.KeyProblem(taint.Text("key")) is { } keyProblem)
            {
                errors.Invalid($"{path}.key", taint.Text("key"), keyProblem);
            }
            if (LabelSyntax.ValueProblem(taint.Text("value")) is { } valueProblem)
            {
                errors.Invalid($"{path}.value", taint.Text("value"), valueProblem);
            }
            SchedulingValidation.Effect(taint.Text("effect"), $"{path}.effect", errors);
            if (!seen.Add($"{taint.Text("key")}:{taint.Text("effect")}"))
            {
                errors.Add(
                    "FieldValueDuplicate",
                    path,
                    $"Duplicate value: {Shown(taint).ToJsonString()}: taints must be unique by key and effect pair"
                );
            }
        }
    }

    private static JsonObject Shown(JsonObject taint) =>
        new()
        {
            ["Key"] = taint.Text("key"),
            ["Value"] = taint.Text("value"),
            ["Effect"] = taint.Text("effect"),
            ["TimeAdded"] = taint["timeAdded"]?.DeepClone(),
        };

    private static void Resources(JsonObject? status, FieldErrors errors)
    {
        foreach (var list in (ReadOnlySpan<string>)["capacity", "allocatable"])
        {
            foreach (var (name, amount) in status.Map(list))
            {
                var path = $"status.{list}.{name}";
                Quantities.NotNegative(amount, path, errors);
                var isWhole =
                    name == "pods"
                    || (name.Contains('/', StringComparison.Ordinal) && !name.Contains("kubernetes.io/", StringComparison.Ordinal));
                if (isWhole && Quantity.TryParse(amount, out var quantity) && quantity != Quantity.FromValue(quantity.Value))
                {
                    errors.Invalid(path, amount, "must be an integer");
                }
            }
        }
    }

    private static void Addresses(JsonObject? status, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (address, path) in status.Indexed("addresses", "status"))
        {
            if (!seen.Add($"{address.Text("type")}/{address.Text("address")}"))
            {
                errors.Duplicate(path, new JsonObject { ["Type"] = address.Text("type"), ["Address"] = address.Text("address") });
            }
        }
    }

    private static void Ranges(JsonObject spec, FieldErrors errors)
    {
        const string path = "spec.podCIDRs";
        var texts = spec.Texts("podCIDRs").ToArray();
        for (var i = 0; i < texts.Length; i++)
        {
            if (AddressSyntax.LegacyRangeProblem(texts[i]) is { } problem)
            {
                errors.Invalid($"{path}[{i}]", texts[i], problem);
            }
        }
        if (texts.Length < 2 || texts.Any(t => AddressSyntax.ParseRange(t) is null))
        {
            return;
        }
        var families = texts.Select(t => ServiceAddresses.Family(AddressSyntax.ParseRange(t)!.Value.BaseAddress)).ToArray();
        if (texts.Length > 2 || families[0] == families[1])
        {
            errors.Invalid(path, spec.List("podCIDRs"), "may specify no more than one CIDR for each IP family");
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < texts.Length; i++)
        {
            if (!seen.Add(texts[i]))
            {
                errors.Duplicate($"{path}[{i}]", texts[i]);
            }
        }
    }

    // providerID, podCIDRs and similar fields can be set once.
    private static void Update(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var (ranges, before) = (spec.Texts("podCIDRs").ToArray(), old.Texts("podCIDRs").ToArray());
        if (before.Length > 0 && !ranges.SequenceEqual(before))
        {
            errors.Forbidden("spec.podCIDRs", Given("podCIDR"));
        }
        if (old.Text("providerID").Length > 0 && spec.Text("providerID") != old.Text("providerID"))
        {
            errors.Forbidden("spec.providerID", Given("providerID"));
        }
        if (spec.Text("externalID") != old.Text("externalID"))
        {
            errors.Forbidden("spec.externalID", "may not be updated");
        }
    }

    private static string Given(string field) => $"node updates may not change {field} except from \"\" to valid";
}
