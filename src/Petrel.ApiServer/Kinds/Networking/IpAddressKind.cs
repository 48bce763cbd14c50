using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Networking;

/// <summary>networking.k8s.io/v1 IPAddress: an allocated Service address, named after itself.</summary>
internal static class IpAddressKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("networking.k8s.io", "v1", "IPAddress", "ipaddresses", namespaced: false) with
        {
            ShortNames = ["ip"],
            NameProblem = AddressSyntax.Problem,
            Validate = Validate,
            Columns = [Name, Shown("ParentRef", "What has the address.", Parent), Age],
        };

    private static string Parent(JsonElement value)
    {
        if (!value.Has("spec", "parentRef"))
        {
            return None;
        }
        string Part(string name) => value.Text("spec", "parentRef", name);
        var resource = Part("group").Length == 0 ? Part("resource") : $"{Part("resource")}.{Part("group")}";
        return string.Join('/', new[] { resource.ToLowerInvariant(), Part("namespace"), Part("name") }.Where(t => t.Length > 0));
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        const string path = "spec.parentRef";
        if (value.Child("spec").Child("parentRef") is not { } parent)
        {
            errors.Required(path);
            return;
        }
        if (parent.Text("group") is { Length: > 0 } group && NameSyntax.SubdomainProblem(group) is { } groupProblem)
        {
            errors.Invalid($"{path}.group", group, groupProblem);
        }
        foreach (var name in (ReadOnlySpan<string>)["resource", "name", "namespace"])
        {
            if (parent.Text(name).Length == 0)
            {
                if (name != "namespace")
                {
                    errors.Required($"{path}.{name}");
                }
            }
            else if (NameSyntax.PathSegmentProblem(parent.Text(name)) is { } problem)
            {
                errors.Invalid($"{path}.{name}", parent.Text(name), problem);
            }
        }
        if (old is not null && !JsonNode.DeepEquals(parent, old.Child("spec").Child("parentRef")))
        {
            errors.Invalid(path, parent, "field is immutable");
        }
    }
}
