using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for a container's environment, and for the references to fields and keys that volumes share with it.</summary>
internal static class EnvironmentValidation
{
    private static readonly string[] Sources = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

    private static readonly string[] Resources =
    [
        "limits.cpu",
        "limits.ephemeral-storage",
        "limits.memory",
        "requests.cpu",
        "requests.ephemeral-storage",
        "requests.memory",
    ];

    private static readonly string[] VariableFields =
    [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];

    private static readonly string[] FileFields =
    [
        "metadata.annotations",
        "metadata.labels",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
    ];

    public static void Variables(JsonObject container, string path, FieldErrors errors)
    {
        foreach (var (variable, at) in container.Indexed("env", path))
        {
            var name = variable.Text("name");
            if (name.Length == 0)
            {
                errors.Required($"{at}.name");
            }
            else if (NameSyntax.EnvironmentNameProblem(name) is { } problem)
            {
                errors.Invalid($"{at}.name", name, problem);
            }
            if (variable.Child("valueFrom") is { } from)
            {
                From(from, variable.Text("value"), $"{at}.valueFrom", errors);
            }
        }
        foreach (var (source, at) in container.Indexed("envFrom", path))
        {
            if (source.Text("prefix") is { Length: > 0 } prefix && NameSyntax.EnvironmentNameProblem(prefix) is { } problem)
            {
                errors.Invalid($"{at}.prefix", prefix, problem);
            }
            AllOf(source, at, errors);
        }
    }

    /// <summary>A reference to a field of the pod, for a variable or (with labels and annotations whole) a file.</summary>
    public static void FieldReference(JsonObject reference, string path, bool forFile, FieldErrors errors)
    {
        var field = reference.Text("fieldPath");
        var supported = forFile ? FileFields : VariableFields;
        if (reference.Text("apiVersion").Length == 0)
        {
            errors.Required($"{path}.apiVersion");
        }
        else if (field.Length == 0)
        {
            errors.Required($"{path}.fieldPath");
        }
        else if (Subscript(field) is { } key)
        {
            if (Model.Selectors.LabelSyntax.KeyProblem(key) is { } problem)
            {
                errors.Invalid(path, key, problem);
            }
        }
        else if (!VariableFields.Contains(field) && !FileFields.Contains(field))
        {
            errors.Invalid($"{path}.fieldPath", field, $"error converting fieldPath: field label not supported: {field}");
        }
        else if (!supported.Contains(field))
        {
            errors.NotSupported($"{path}.fieldPath", field, supported);
        }
    }

    /// <summary>A reference to a container's own limits or requests.</summary>
    public static void ResourceReference(JsonObject reference, string path, bool forFile, FieldErrors errors)
    {
        if (forFile && reference.Text("containerName").Length == 0)
        {
            errors.Required($"{path}.containerName");
        }
        else if (reference.Text("resource").Length == 0)
        {
            errors.Required($"{path}.resource");
        }
        else if (
            !Resources.Contains(reference.Text("resource")) && !reference.Text("resource").Contains("hugepages-", StringComparison.Ordinal)
        )
        {
            errors.NotSupported($"{path}.resource", reference.Text("resource"), Resources);
        }
    }

    private static void From(JsonObject from, string value, string path, FieldErrors errors)
    {
        var given = Sources.Where(from.Has).ToArray();
        if (given.Length == 0)
        {
            errors.Invalid(
                path,
                "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            );
            return;
        }
        if (value.Length > 0)
        {
            errors.Invalid(path, "", "may not be specified when `value` is not empty");
            return;
        }
        if (given.Length > 1)
        {
            errors.Invalid(path, "", "may not have more than one field specified at a time");
            return;
        }
        var reference = from.Child(given[0]) ?? [];
        var at = $"{path}.{given[0]}";
        switch (given[0])
        {
            case "fieldRef":
                FieldReference(reference, at, forFile: false, errors);
                break;
            case "resourceFieldRef":
                ResourceReference(reference, at, forFile: false, errors);
                break;
            case "configMapKeyRef" or "secretKeyRef":
                Key(reference, at, errors);
                break;
        }
    }

    private static void Key(JsonObject reference, string path, FieldErrors errors)
    {
        if (reference.Text("name").Length == 0)
        {
            errors.Required($"{path}.name");
        }
        if (reference.Text("key").Length == 0)
        {
            errors.Required($"{path}.key");
        }
        else if (NameSyntax.ConfigKeyProblem(reference.Text("key")) is { } problem)
        {
            errors.Invalid($"{path}.key", reference.Text("key"), problem);
        }
    }

    private static void AllOf(JsonObject source, string path, FieldErrors errors)
    {
        var given = new[] { "configMapRef", "secretRef" }.Where(source.Has).ToArray();
        switch (given.Length)
        {
            case 0:
                errors.Invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
                break;
            case 1:
                if (source.Child(given[0]).Text("name").Length == 0)
                {
                    errors.Required($"{path}.{given[0]}.name");
                }
                break;
            default:
                errors.Invalid(path, "", "may not have more than one field specified at a time");
                break;
        }
    }

    // metadata.labels['key'] names one label.
    private static string? Subscript(string field)
    {
        foreach (var map in new[] { "metadata.labels['", "metadata.annotations['" })
        {
            if (field.StartsWith(map, StringComparison.Ordinal) && field.EndsWith("']", StringComparison.Ordinal))
            {
                return field[map.Length..^2];
            }
        }
        return null;
    }
}
