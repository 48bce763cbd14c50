using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Networking;

/// <summary>networking.k8s.io/v1 ServiceCIDR: ranges that Services get their addresses from, one of each family.</summary>
internal static class ServiceCidrKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("networking.k8s.io", "v1", "ServiceCIDR", "servicecidrs", namespaced: false) with
        {
            HasStatus = true,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject(),
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("CIDRs", "The ranges.", static o => string.Join(',', o.Items("spec", "cidrs").Select(c => c.GetString()))),
                Age,
            ],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        const string path = "spec.cidrs";
        var spec = value.Child("spec") ?? [];
        if (old is not null)
        {
            // The ranges are immutable, so that a valid object stays valid.
            if (!JsonNode.DeepEquals(spec.List("cidrs"), old.Child("spec").List("cidrs")))
            {
                errors.Invalid(path, spec.List("cidrs"), "field is immutable");
            }
            return;
        }
        var ranges = spec.Texts("cidrs").ToList();
        if (ranges.Count == 0)
        {
            errors.Required(path, "at least one CIDR required");
        }
        else if (ranges.Count > 2)
        {
            errors.Invalid(path, spec, "may only hold up to 2 values");
        }
        else if (ranges.Count == 2 && !AreOfBothFamilies(ranges))
        {
            errors.Invalid(path, spec, "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
        }
        else
        {
            for (var i = 0; i < ranges.Count; i++)
            {
                if (AddressSyntax.RangeProblem(ranges[i]) is { } problem)
                {
                    errors.Invalid($"{path}[{i}]", ranges[i], problem);
                }
            }
        }
    }

    private static bool AreOfBothFamilies(List<string> ranges) =>
        AddressSyntax.ParseRange(ranges[0]) is { } first
        && AddressSyntax.ParseRange(ranges[1]) is { } second
        && first.BaseAddress.AddressFamily != second.BaseAddress.AddressFamily;
}
