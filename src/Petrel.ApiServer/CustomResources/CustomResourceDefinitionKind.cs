using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.CustomResources;

/// <summary>apiextensions.k8s.io/v1 CustomResourceDefinition.</summary>
internal static class CustomResourceDefinitionKind
{
    /// <summary>Holds a definition that is being deleted until its objects are gone.</summary>
    public const string CleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced: false) with
        {
            OnDeletionStart = HoldForCleanup,
            ShortNames = ["crd", "crds"],
            Categories = ["api-extensions"],
            HasStatus = true,
            HasGeneration = true,
            Default = Default,
            PrepareForCreate = static (value, _) =>
                value["status"] = new JsonObject
                {
                    ["conditions"] = null,
                    ["acceptedNames"] = new JsonObject { ["plural"] = "", ["kind"] = "" },
                    ["storedVersions"] = new JsonArray([
                        .. value
                            .Child("spec")
                            .Objects("versions")
                            .Where(v => v.Flag("storage") == true)
                            .Select(v => (JsonNode)v.Text("name")),
                    ]),
                },
            PrepareForUpdate = static (value, old, _) => KeepStoredVersions(value, old),
            Validate = Validate,
            Columns =
            [
                new("Name", "string", "name", "The object's name.", 0, static (o, _) => o.Text("metadata", "name")),
                new("Created At", "date", "", "When the object was created.", 0, static (o, _) => o.Text("metadata", "creationTimestamp")),
            ],
        };

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        var names = spec.Ensure("names");
        names.Fill("singular", names.Text("kind").ToLowerInvariant());
        if (names.Text("kind").Length > 0)
        {
            names.Fill("listKind", names.Text("kind") + "List");
        }
        spec.Ensure("conversion").Fill("strategy", "None");
    }

    // A version that may have stored objects stays in storedVersions until a client that has migrated them removes it.
    private static void KeepStoredVersions(JsonObject value, JsonObject old)
    {
        var stored = old.Child("status").Texts("storedVersions").ToList();
        foreach (var version in value.Child("spec").Objects("versions").Where(v => v.Flag("storage") == true).Select(v => v.Text("name")))
        {
            if (!stored.Contains(version))
            {
                stored.Add(version);
            }
        }
        value.Ensure("status")["storedVersions"] = new JsonArray([.. stored.Select(v => (JsonNode)v)]);
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var names = spec.Child("names");
        var (group, plural) = (spec.Text("group"), names.Text("plural"));
        if (group.Length == 0)
        {
            errors.Required("spec.group");
        }
        else if (NameSyntax.SubdomainProblem(group) is { } problem)
        {
            errors.Invalid("spec.group", group, problem);
        }
        else if (group.Split('.').Length < 2)
        {
            errors.Invalid("spec.group", group, "should be a domain with at least one dot");
        }
        if (value.Child("metadata").Text("name") != $"{plural}.{group}")
        {
            errors.Invalid("metadata.name", value.Child("metadata").Text("name"), "must be spec.names.plural+\".\"+spec.group");
        }
        if (
            (
                group == "k8s.io"
                || group.EndsWith(".k8s.io", StringComparison.Ordinal)
                || group.EndsWith(".kubernetes.io", StringComparison.Ordinal)
            )
            && value.Child("metadata").Child("annotations").Text("api-approved.kubernetes.io").Length == 0
        )
        {
            errors.Required(
                "metadata.annotations[api-approved.kubernetes.io]",
                "protected groups must have approval annotation \"api-approved.kubernetes.io\", see "
                    + "https://github.com/kubernetes/enhancements/pull/1111"
            );
        }
        if (spec.Text("scope") is not ("Namespaced" or "Cluster") and var scope)
        {
            errors.NotSupported("spec.scope", scope, "Cluster", "Namespaced");
        }
        Names(names, errors);
        if (spec.Flag("preserveUnknownFields") == true)
        {
            errors.Invalid(
                "spec.preserveUnknownFields",
                true,
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
            );
        }
        switch (spec.Child("conversion").Text("strategy"))
        {
            case "None":
                break;
            case "Webhook":
                errors.Forbidden(
                    "spec.conversion.strategy",
                    "conversion webhooks are not available on this server: use None, by which versions differ in name only"
                );
                break;
            case var other:
                errors.NotSupported("spec.conversion.strategy", other, "None");
                break;
        }
        Versions(spec, errors);
        if (old is not null)
        {
            Unchanged(spec, old, errors);
        }
    }

    private static void Names(JsonObject? names, FieldErrors errors)
    {
        foreach (var field in (ReadOnlySpan<string>)["plural", "singular", "kind", "listKind"])
        {
            var text = names.Text(field);
            if (text.Length == 0)
            {
                errors.Required($"spec.names.{field}");
            }
            else if (NameSyntax.ServiceNameProblem(field is "kind" or "listKind" ? text.ToLowerInvariant() : text) is { } problem)
            {
                errors.Invalid($"spec.names.{field}", text, problem);
            }
        }
        if (names.Text("kind").Length > 0 && names.Text("kind") == names.Text("listKind"))
        {
            errors.Invalid("spec.names.listKind", names.Text("listKind"), "kind and listKind may not be the same");
        }
        foreach (var list in (ReadOnlySpan<string>)["shortNames", "categories"])
        {
            var values = names.Texts(list).ToList();
            for (var i = 0; i < values.Count; i++)
            {
                if (NameSyntax.ServiceNameProblem(values[i]) is { } problem)
                {
                    errors.Invalid($"spec.names.{list}[{i}]", values[i], problem);
                }
            }
        }
    }

    private static void Versions(JsonObject spec, FieldErrors errors)
    {
        var versions = spec.Indexed("versions", "spec").ToList();
        if (versions.Count == 0)
        {
            errors.Required("spec.versions", "must have at least one version");
        }
        else if (versions.Count(v => v.Value.Flag("storage") == true) != 1)
        {
            errors.Invalid("spec.versions", spec.List("versions")!.Count, "must have exactly one version marked as storage version");
        }
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (version, at) in versions)
        {
            var name = version.Text("name");
            if (NameSyntax.ServiceNameProblem(name) is { } problem)
            {
                errors.Invalid($"{at}.name", name, problem);
            }
            else if (!seen.Add(name))
            {
                errors.Invalid($"{at}.name", name, "must contain unique version names");
            }
            if (version.Child("schema").Child("openAPIV3Schema") is { } schema)
            {
                SchemaRules.Validate(schema, $"{at}.schema.openAPIV3Schema", errors);
            }
            else
            {
                errors.Required($"{at}.schema.openAPIV3Schema", "schemas are required");
            }
            foreach (var (column, columnAt) in version.Indexed("additionalPrinterColumns", at))
            {
                Column(column, columnAt, errors);
            }
            foreach (var (field, fieldAt) in version.Indexed("selectableFields", at))
            {
                Path(field.Text("jsonPath"), $"{fieldAt}.jsonPath", membersOnly: true, errors);
            }
            if (version.Child("subresources").Child("scale") is { } scale)
            {
                Path(scale.Text("specReplicasPath"), $"{at}.subresources.scale.specReplicasPath", membersOnly: true, errors, ".spec.");
                Path(
                    scale.Text("statusReplicasPath"),
                    $"{at}.subresources.scale.statusReplicasPath",
                    membersOnly: true,
                    errors,
                    ".status."
                );
                if (scale.Text("labelSelectorPath") is { Length: > 0 } selector)
                {
                    Path(selector, $"{at}.subresources.scale.labelSelectorPath", membersOnly: true, errors);
                }
            }
            if (version.Has("deprecationWarning") && version.Flag("deprecated") != true)
            {
                errors.Invalid($"{at}.deprecationWarning", version.Text("deprecationWarning"), "can only be set for deprecated versions");
            }
        }
    }

    private static void Column(JsonObject column, string path, FieldErrors errors)
    {
        if (column.Text("name").Length == 0)
        {
            errors.Required($"{path}.name");
        }
        if (!ColumnTypes.Contains(column.Text("type")))
        {
            errors.Invalid($"{path}.type", column.Text("type"), $"must be one of {string.Join(',', ColumnTypes)}");
        }
        if (column.Text("format") is { Length: > 0 } format && !ColumnFormats.Contains(format))
        {
            errors.Invalid($"{path}.format", format, $"must be one of {string.Join(',', ColumnFormats)}");
        }
        Path(column.Text("jsonPath"), $"{path}.jsonPath", membersOnly: false, errors);
    }

    private static void Path(string path, string at, bool membersOnly, FieldErrors errors, string prefix = ".")
    {
        if (path.Length == 0)
        {
            errors.Required(at);
            return;
        }
        try
        {
            var parsed = JsonPath.Parse(path);
            if (membersOnly && (parsed.Members is null || !path.StartsWith(prefix, StringComparison.Ordinal)))
            {
                errors.Invalid(at, path, $"must be a simple json path starting with {prefix}");
            }
        }
        catch (FormatException e)
        {
            errors.Invalid(at, path, e.Message);
        }
    }

    private static void Unchanged(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var before = old.Child("spec") ?? [];
        var established = old.Child("status").Objects("conditions").Any(c => c.Text("type") == "Established" && c.Text("status") == "True");
        foreach (var field in (ReadOnlySpan<string>)["group", "scope"])
        {
            if ((field == "group" || established) && spec.Text(field) != before.Text(field))
            {
                errors.Invalid($"spec.{field}", spec.Text(field), "field is immutable");
            }
        }
        foreach (var field in (ReadOnlySpan<string>)["plural", "kind"])
        {
            if ((field == "plural" || established) && spec.Child("names").Text(field) != before.Child("names").Text(field))
            {
                errors.Invalid($"spec.names.{field}", spec.Child("names").Text(field), "field is immutable");
            }
        }
        var names = spec.Objects("versions").Select(v => v.Text("name")).ToList();
        foreach (var (stored, i) in old.Child("status").Texts("storedVersions").Select((v, i) => (v, i)))
        {
            if (!names.Contains(stored))
            {
                errors.Invalid(
                    $"status.storedVersions[{i}]",
                    stored,
                    "missing from spec.versions; "
                        + stored
                        + " was previously a storage version, and must remain in spec.versions until a storage migration ensures "
                        + "no data remains persisted in "
                        + stored
                        + " and removes "
                        + stored
                        + " from status.storedVersions"
                );
            }
        }
    }

    /// <summary>Adds the finalizer that keeps a terminating definition until its objects are deleted.</summary>
    private static void HoldForCleanup(JsonObject document)
    {
        var finalizers = document.Metadata().Texts("finalizers").ToList();
        if (!finalizers.Contains(CleanupFinalizer))
        {
            document.Metadata()["finalizers"] = new JsonArray([.. finalizers.Append(CleanupFinalizer).Select(f => (JsonNode)f)]);
        }
    }
}
