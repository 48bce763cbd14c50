using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Rbac;

/// <summary>
/// rbac.authorization.k8s.io/v1: Role, ClusterRole, RoleBinding, ClusterRoleBinding, which share nearly all of their rules.
/// </summary>
internal static class RbacKinds
{
    public const string Group = "rbac.authorization.k8s.io";

    private static readonly PrinterColumn[] BindingColumns =
    [
        Name,
        Shown("Role", "The role that is given.", static o => $"{o.Text("roleRef", "kind")}/{o.Text("roleRef", "name")}"),
        Age,
        Wide("Users", "The users that it is given to.", static o => Subjects(o, "User")),
        Wide("Groups", "The groups that it is given to.", static o => Subjects(o, "Group")),
        Wide("ServiceAccounts", "The service accounts that it is given to.", static o => Subjects(o, "ServiceAccount")),
    ];

    public static KindDefinition Role { get; } =
        Row("Role", "roles", namespaced: true) with
        {
            Validate = static (value, _, errors) => Rules(value, namespaced: true, errors),
        };

    public static KindDefinition ClusterRole { get; } =
        Row("ClusterRole", "clusterroles", namespaced: false) with
        {
            Validate = ValidateClusterRole,
        };

    public static KindDefinition RoleBinding { get; } =
        Row("RoleBinding", "rolebindings", namespaced: true) with
        {
            Default = DefaultBinding,
            Validate = static (value, old, errors) => ValidateBinding(value, old, ["Role", "ClusterRole"], errors),
            Columns = BindingColumns,
        };

    public static KindDefinition ClusterRoleBinding { get; } =
        Row("ClusterRoleBinding", "clusterrolebindings", namespaced: false) with
        {
            Default = DefaultBinding,
            Validate = static (value, old, errors) => ValidateBinding(value, old, ["ClusterRole"], errors),
            Columns = BindingColumns,
        };

    private static KindDefinition Row(string kind, string plural, bool namespaced) =>
        KindDefinition.Create(Group, "v1", kind, plural, namespaced) with
        {
            NameProblem = NameSyntax.PathSegmentProblem,
        };

    private static string Subjects(JsonElement binding, string kind) =>
        string.Join(
            ", ",
            binding
                .Items("subjects")
                .Where(s => s.Text("kind") == kind)
                .Select(s => kind == "ServiceAccount" ? $"{s.Text("namespace")}/{s.Text("name")}" : s.Text("name"))
        );

    private static void DefaultBinding(JsonObject value)
    {
        value.Ensure("roleRef").Fill("apiGroup", Group);
        foreach (var subject in value.Objects("subjects"))
        {
            if (subject.Text("kind") is "User" or "Group")
            {
                subject.Fill("apiGroup", Group);
            }
        }
    }

    private static void ValidateClusterRole(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        Rules(value, namespaced: false, errors);
        if (value.Child("aggregationRule") is not { } aggregation)
        {
            return;
        }
        if (aggregation.List("clusterRoleSelectors") is not { Count: > 0 })
        {
            errors.Required(
                "aggregationRule.clusterRoleSelectors",
                "at least one clusterRoleSelector required if aggregationRule is non-nil"
            );
        }
        foreach (var (selector, at) in aggregation.Indexed("clusterRoleSelectors", "aggregationRule"))
        {
            SelectorValidation.Validate(selector, at, errors);
        }
    }

    private static void Rules(JsonObject value, bool namespaced, FieldErrors errors)
    {
        foreach (var (rule, at) in value.Indexed("rules", ""))
        {
            var path = at[1..];
            bool Has(string name) => rule.List(name) is { Count: > 0 };
            if (!Has("verbs"))
            {
                errors.Required($"{path}.verbs", "verbs must contain at least one value");
            }
            if (Has("nonResourceURLs"))
            {
                if (namespaced)
                {
                    errors.Invalid(
                        $"{path}.nonResourceURLs",
                        rule.List("nonResourceURLs"),
                        "namespaced rules cannot apply to non-resource URLs"
                    );
                }
                if (Has("apiGroups") || Has("resources") || Has("resourceNames"))
                {
                    errors.Invalid(
                        $"{path}.nonResourceURLs",
                        rule.List("nonResourceURLs"),
                        "rules cannot apply to both regular resources and non-resource URLs"
                    );
                }
                continue;
            }
            if (!Has("apiGroups"))
            {
                errors.Required($"{path}.apiGroups", "resource rules must supply at least one api group");
            }
            if (!Has("resources"))
            {
                errors.Required($"{path}.resources", "resource rules must supply at least one resource");
            }
        }
    }

    private static void ValidateBinding(JsonObject value, JsonObject? old, string[] roleKinds, FieldErrors errors)
    {
        var role = value.Child("roleRef");
        if (role.Text("apiGroup") != Group)
        {
            errors.NotSupported("roleRef.apiGroup", role.Text("apiGroup"), Group);
        }
        if (!roleKinds.Contains(role.Text("kind")))
        {
            errors.NotSupported("roleRef.kind", role.Text("kind"), roleKinds);
        }
        if (role.Text("name").Length == 0)
        {
            errors.Required("roleRef.name");
        }
        else if (NameSyntax.PathSegmentProblem(role.Text("name")) is { } problem)
        {
            errors.Invalid("roleRef.name", role.Text("name"), problem);
        }
        foreach (var (subject, at) in value.Indexed("subjects", ""))
        {
            Subject(subject, at[1..], roleKinds.Length == 1, errors);
        }
        if (old is not null && !JsonNode.DeepEquals(role, old.Child("roleRef")))
        {
            errors.Invalid("roleRef", role, "cannot change roleRef");
        }
    }

    private static void Subject(JsonObject subject, string path, bool clusterWide, FieldErrors errors)
    {
        var name = subject.Text("name");
        if (name.Length == 0)
        {
            errors.Required($"{path}.name");
        }
        switch (subject.Text("kind"))
        {
            case "ServiceAccount":
                if (name.Length > 0 && NameSyntax.SubdomainProblem(name) is { } problem)
                {
                    errors.Invalid($"{path}.name", name, problem);
                }
                if (subject.Text("apiGroup").Length > 0)
                {
                    errors.NotSupported($"{path}.apiGroup", subject.Text("apiGroup"), "");
                }
                if (clusterWide && subject.Text("namespace").Length == 0)
                {
                    errors.Required($"{path}.namespace");
                }
                break;
            case "User" or "Group":
                if (name.Length == 0)
                {
                    errors.Invalid($"{path}.name", name, $"{subject.Text("kind").ToLowerInvariant()} name cannot be empty");
                }
                if (subject.Text("apiGroup") != Group)
                {
                    errors.NotSupported($"{path}.apiGroup", subject.Text("apiGroup"), Group);
                }
                break;
            case var other:
                errors.NotSupported($"{path}.kind", other, "ServiceAccount", "User", "Group");
                break;
        }
    }
}
