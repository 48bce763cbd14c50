using System.Net;
using System.Text.Json.Nodes;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Networking;

/// <summary>networking.k8s.io/v1 IPAddress and ServiceCIDR.</summary>
internal static class AddressKinds
{
    private const string Group = "networking.k8s.io";

    public static KindDefinition Address { get; } = BuiltInKinds.Row(Group, "v1", "IPAddress", "ipaddresses", namespaced: false) with
    {
        ShortNames = ["ip"],
        NameProblem = static name => IPAddress.TryParse(name, out var ip) && ip.ToString() == name ? null : "must be a valid IP address in canonical form, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        Validate = ValidateAddress,
        Columns =
        [
            Name,
            Shown("ParentRef", "What has the address.", static o =>
                string.Join('/', new[] { "group", "resource", "namespace", "name" }.Select(n => o.Text("spec", "parentRef", n)).Where(t => t.Length > 0))),
            Age,
        ],
    };

    public static KindDefinition ServiceCidr { get; } = BuiltInKinds.Row(Group, "v1", "ServiceCIDR", "servicecidrs", namespaced: false) with
    {
        HasStatus = true,
        HasGeneration = true,
        PrepareForCreate = static (value, _) => value["status"] = new JsonObject(),
        Validate = ValidateCidr,
        Columns = [Name, Shown("CIDRs", "The ranges.", static o => string.Join(',', o.Items("spec", "cidrs").Select(c => c.GetString()))), Age],
    };

    private static void ValidateAddress(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var parent = value.Child("spec").Child("parentRef");
        if (parent is null)
        {
            errors.Required("spec.parentRef");
            return;
        }
        foreach (var name in (ReadOnlySpan<string>)["resource", "name"])
        {
            if (parent.Text(name).Length == 0)
            {
                errors.Required($"spec.parentRef.{name}");
            }
        }
        if (old is not null && !JsonNode.DeepEquals(parent, old.Child("spec").Child("parentRef")))
        {
            errors.Invalid("spec.parentRef", parent, "field is immutable");
        }
    }

    private static void ValidateCidr(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var ranges = value.Child("spec").Texts("cidrs").ToList();
        if (ranges.Count == 0)
        {
            errors.Required("spec.cidrs", "at least one CIDR required");
        }
        if (ranges.Count > 2)
        {
            errors.Invalid("spec", value.Child("spec"), "may only hold up to 2 values");
        }
        for (var i = 0; i < ranges.Count; i++)
        {
            if (!IPNetwork.TryParse(ranges[i], out _))
            {
                errors.Invalid($"spec.cidrs[{i}]", ranges[i], "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            }
        }
        if (old is not null && !JsonNode.DeepEquals(value.Child("spec").List("cidrs"), old.Child("spec").List("cidrs")))
        {
            errors.Invalid("spec.cidrs", value.Child("spec").List("cidrs"), "field is immutable");
        }
    }
}
