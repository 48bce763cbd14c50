using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>Upstream's rules for the cluster addresses and IP families of a Service, which are stated in four fields.</summary>
internal static class ServiceAddresses
{
    private static readonly string[] FamilyNames = ["IPv4", "IPv6"];
    private static readonly string[] FamilyPolicies = ["PreferDualStack", "RequireDualStack", "SingleStack"];

    /// <summary>Whether the Service is headless.</summary>
    public static bool IsHeadless(JsonObject spec) => spec.Texts("clusterIPs").SequenceEqual(["None"]);

    /// <summary>
    /// Whether addresses of families that the cluster lacks are allowed: a headless Service without selector, whose endpoints the user
    /// manages.
    /// </summary>
    public static bool IsOfAnyFamily(JsonObject spec) =>
        spec.Text("type") == "ExternalName" || (IsHeadless(spec) && spec.Child("selector") is not { Count: > 0 });

    public static void Validate(JsonObject spec, FieldErrors errors)
    {
        if (spec.Text("type") == "ExternalName")
        {
            return;
        }
        const string path = "spec.clusterIPs";
        var addresses = spec.Texts("clusterIPs").ToArray();
        var first = spec.Text("clusterIP");
        if (first.Length > 0 && addresses.Length == 0)
        {
            errors.Required(path);
        }
        else if (addresses.Length > 0 && addresses[0] != first)
        {
            errors.Invalid(
                path,
                spec.List("clusterIPs"),
                first.Length > 0 ? "first value must match `clusterIP`" : "must be empty when `clusterIP` is not specified"
            );
        }
        Families(spec, errors);
        if (Each(spec, addresses, errors))
        {
            Together(spec, addresses, errors);
        }
    }

    /// <summary>
    /// Primary addresses and families cannot change while the Service has any; secondary ones can be added and removed.
    /// </summary>
    public static void Update(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        if (spec.Text("type") == "ExternalName" || old.Text("type") == "ExternalName")
        {
            return;
        }
        var (headless, wasHeadless) = (IsHeadless(spec), IsHeadless(old));
        if (!headless || !wasHeadless)
        {
            Stays(spec, old, "clusterIPs", "clusterIP", errors);
        }
        if (!headless && !wasHeadless)
        {
            Stays(spec, old, "ipFamilies", "ipFamily", errors);
        }
    }

    private static void Stays(JsonObject spec, JsonObject old, string field, string singular, FieldErrors errors)
    {
        var (now, before) = (spec.Texts(field).ToArray(), old.Texts(field).ToArray());
        var list = spec.List(field);
        if (now.Length == before.Length)
        {
            for (var i = 0; i < now.Length; i++)
            {
                if (now[i] != before[i])
                {
                    errors.Invalid($"spec.{field}[{i}]", list, "may not change once set");
                }
            }
            return;
        }
        if (now.Length == 0)
        {
            errors.Invalid($"spec.{field}[0]", list, $"primary {singular} can not be unset");
        }
        else if (before.Length > 0 && now[0] != before[0])
        {
            errors.Invalid($"spec.{field}[0]", list, "may not change once set");
        }
        if (before.Length > now.Length && now.Length == 1 && spec.Text("ipFamilyPolicy") != "SingleStack")
        {
            errors.Invalid(
                "spec.ipFamilyPolicy",
                spec["ipFamilyPolicy"],
                $"must be set to 'SingleStack' when releasing the secondary {singular}"
            );
        }
    }

    private static void Families(JsonObject spec, FieldErrors errors)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var families = spec.Texts("ipFamilies").ToArray();
        for (var i = 0; i < families.Length; i++)
        {
            if (!FamilyNames.Contains(families[i]))
            {
                errors.NotSupported($"spec.ipFamilies[{i}]", families[i], FamilyNames);
            }
            if (!seen.Add(families[i]))
            {
                errors.Duplicate($"spec.ipFamilies[{i}]", families[i]);
            }
        }
        if (spec.Has("ipFamilyPolicy") && !FamilyPolicies.Contains(spec.Text("ipFamilyPolicy")))
        {
            errors.NotSupported("spec.ipFamilyPolicy", spec.Text("ipFamilyPolicy"), FamilyPolicies);
        }
    }

    private static bool Each(JsonObject spec, string[] addresses, FieldErrors errors)
    {
        var areAddresses = true;
        for (var i = 0; i < addresses.Length; i++)
        {
            if (i == 0 && addresses[i] == "None")
            {
                if (addresses.Length > 1)
                {
                    areAddresses = false;
                    errors.Invalid("spec.clusterIPs", spec.List("clusterIPs"), "'None' must be the first and only value");
                }
            }
            else if (AddressSyntax.LegacyProblem(addresses[i]) is { } problem)
            {
                areAddresses = false;
                errors.Invalid($"spec.clusterIPs[{i}]", addresses[i], problem);
            }
        }
        if (addresses.Length > 2)
        {
            errors.Invalid("spec.clusterIPs", spec.List("clusterIPs"), "may only hold up to 2 values");
        }
        return areAddresses;
    }

    private static void Together(JsonObject spec, string[] addresses, FieldErrors errors)
    {
        if (IsHeadless(spec))
        {
            return;
        }
        var found = addresses.Select(a => Family(AddressSyntax.Parse(a)!)).ToArray();
        if (found.Length > 1 && !(found.Length == 2 && found[0] != found[1]))
        {
            errors.Invalid("spec.clusterIPs", spec.List("clusterIPs"), "may specify no more than one IP for each IP family");
        }
        var families = spec.Texts("ipFamilies").ToArray();
        for (var i = 0; i < Math.Min(found.Length, families.Length); i++)
        {
            if (FamilyNames.Contains(families[i]) && families[i] != found[i])
            {
                errors.Invalid($"spec.clusterIPs[{i}]", addresses[i], $"expected an {families[i]} value as indicated by `ipFamilies[{i}]`");
            }
        }
    }

    /// <summary>The family of an address, as documents name it.</summary>
    public static string Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
}
