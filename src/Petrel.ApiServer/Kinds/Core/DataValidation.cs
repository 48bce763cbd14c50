using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>The rules that ConfigMaps and Secrets share.</summary>
internal static class DataValidation
{
    public const int MaxBytes = 1024 * 1024;

    public static void Key(string field, string key, FieldErrors errors)
    {
        if (NameSyntax.ConfigKeyProblem(key) is { } problem)
        {
            errors.Invalid($"{field}[{key}]", key, problem);
        }
    }

    /// <summary>How many bytes base64 text stands for.</summary>
    public static long DecodedLength(string base64) =>
        base64.Length / 4 * 3
        - (
            base64.EndsWith("==", StringComparison.Ordinal) ? 2
            : base64.EndsWith('=') ? 1
            : 0
        );

    /// <summary>Enforces <c>immutable: true</c>: neither the flag nor the data may change.</summary>
    public static void Immutable(JsonObject value, JsonObject old, string[] dataFields, FieldErrors errors)
    {
        if (old.Flag("immutable") != true)
        {
            return;
        }
        if (value.Flag("immutable") != true)
        {
            errors.Forbidden("immutable", "field is immutable when `immutable` is set");
        }
        foreach (var field in dataFields)
        {
            if (!JsonNode.DeepEquals(value.Child(field) ?? [], old.Child(field) ?? []))
            {
                errors.Forbidden(field, "field is immutable when `immutable` is set");
            }
        }
    }
}
