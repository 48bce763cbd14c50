using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.ApiRegistration;

/// <summary>apiregistration.k8s.io/v1 APIService: which server serves a group and version. This server serves all of them.</summary>
internal static class ApiServiceKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("apiregistration.k8s.io", "v1", "APIService", "apiservices", namespaced: false) with
        {
            Categories = ["api-extensions"],
            HasStatus = true,
            NameProblem = NameSyntax.PathSegmentProblem,
            PrepareForCreate = static (value, context) =>
            {
                value["status"] = new JsonObject
                {
                    ["conditions"] = new JsonArray(
                        new JsonObject
                        {
                            ["type"] = "Available",
                            ["status"] = "True",
                            ["reason"] = "Local",
                            ["message"] = "Local APIServices are always available",
                            ["lastTransitionTime"] = context.Time.GetUtcNow().ToTimestamp(),
                        }
                    ),
                };
            },
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Service", "Who answers.", static o =>
                    o.Has("spec", "service") ? $"{o.Text("spec", "service", "namespace")}/{o.Text("spec", "service", "name")}" : "Local"
                ),
                Shown("Available", "Whether it does.", Available),
                Age,
            ],
        };

    private static string Available(JsonElement value)
    {
        foreach (var condition in value.Items("status", "conditions").Where(c => c.Text("type") == "Available"))
        {
            return condition.Text("status") == "True" ? "True" : $"{condition.Text("status")} ({condition.Text("reason")})";
        }
        return "Unknown";
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var (group, version) = (spec.Text("group"), spec.Text("version"));
        var name = value.Child("metadata").Text("name");
        if (name != $"{version}.{group}")
        {
            errors.Invalid("metadata.name", name, $"must be `spec.version+\".\"+spec.group`: \"{version}.{group}\"");
        }
        if (group.Length == 0 && version != "v1")
        {
            errors.Required("spec.group", "only v1 may have an empty group and it better be legacy kube");
        }
        if (group.Length > 0 && NameSyntax.SubdomainProblem(group) is { } groupProblem)
        {
            errors.Invalid("spec.group", group, groupProblem);
        }
        if (NameSyntax.ServiceNameProblem(version) is { } versionProblem)
        {
            errors.Invalid("spec.version", version, versionProblem);
        }
        foreach (var (field, most) in ((string, int)[])[("groupPriorityMinimum", 20000), ("versionPriority", 1000)])
        {
            var priority = spec.Number(field) ?? 0;
            if (priority < 1 || priority > most)
            {
                errors.Invalid($"spec.{field}", priority, $"must be positive and less than {most}");
            }
        }
        if (spec.Has("service"))
        {
            errors.Forbidden(
                "spec.service",
                "API aggregation is not available: groups are served by this server, or defined by a CustomResourceDefinition"
            );
            return;
        }
        if (spec.Text("caBundle") is { Length: > 0 } bundle)
        {
            errors.Invalid("spec.caBundle", $"{bundle.TrimEnd('=').Length * 3 / 4} bytes", "local APIServices may not have a caBundle");
        }
        if (spec.Flag("insecureSkipTLSVerify") == true)
        {
            errors.Invalid("spec.insecureSkipTLSVerify", true, "local APIServices may not have insecureSkipTLSVerify");
        }
    }
}
