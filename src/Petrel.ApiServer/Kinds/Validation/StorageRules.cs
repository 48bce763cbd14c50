using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Storage;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Validation;

/// <summary>What the kinds of storage.k8s.io have in common.</summary>
internal static class StorageRules
{
    public const string Group = "storage.k8s.io";

    private const int MaxParameters = 512;
    private const int MaxParameterBytes = 256 * 1024;
    private const int MaxDriverName = 63;

    /// <summary>The name of a provisioner: a qualified name, in any case.</summary>
    public static void Provisioner(string name, string path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        else if (LabelSyntax.KeyProblem(name.ToLowerInvariant()) is { } problem)
        {
            errors.Invalid(path, name, problem);
        }
    }

    /// <summary>The name of a CSI driver: a domain, in any case.</summary>
    public static void DriverName(string name, string path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
        }
        if (name.Length > MaxDriverName)
        {
            errors.TooLong(path, MaxDriverName);
        }
        if (NameSyntax.SubdomainProblem(name.ToLowerInvariant()) is { } problem)
        {
            errors.Invalid(path, name, problem);
        }
    }

    /// <summary>What a driver is told.</summary>
    public static void Parameters(JsonObject value, bool mayBeEmpty, FieldErrors errors)
    {
        var all = value.Map("parameters").ToList();
        if (all.Count > MaxParameters)
        {
            errors.TooLong("parameters", MaxParameters);
            return;
        }
        if (all.Any(p => p.Key.Length == 0))
        {
            errors.Invalid("parameters", "", "field can not be empty.");
        }
        if (all.Sum(p => p.Key.Length + p.Value.Length) > MaxParameterBytes)
        {
            errors.TooLong("parameters", MaxParameterBytes);
        }
        if (!mayBeEmpty && all.Count == 0)
        {
            errors.Required("parameters", "must contain at least one key/value pair");
        }
    }

    /// <summary>Fields whose change is refused in words of their own.</summary>
    public static void Unchanged(JsonObject value, JsonObject? old, ReadOnlySpan<string> fields, FieldErrors errors)
    {
        foreach (var field in fields)
        {
            if (old is not null && !JsonNode.DeepEquals(value[field], old[field]))
            {
                errors.Forbidden(field, $"updates to {field} are forbidden.");
            }
        }
    }
}
