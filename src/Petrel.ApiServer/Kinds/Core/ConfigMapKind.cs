using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 ConfigMap.</summary>
internal static class ConfigMapKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "ConfigMap", "configmaps", namespaced: true) with
        {
            ShortNames = ["cm"],
            Validate = Validate,
            Columns = [Name, Shown("Data", "How many keys it holds.", static o => o.Count("data") + o.Count("binaryData")), Age],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var size = 0L;
        foreach (var (key, text) in value.Map("data"))
        {
            DataValidation.Key("data", key, errors);
            if (value.Child("binaryData")?.ContainsKey(key) == true)
            {
                errors.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
            }
            size += System.Text.Encoding.UTF8.GetByteCount(text);
        }
        foreach (var (key, base64) in value.Map("binaryData"))
        {
            DataValidation.Key("binaryData", key, errors);
            size += DataValidation.DecodedLength(base64);
        }
        if (size > DataValidation.MaxBytes)
        {
            errors.TooLong("[]", DataValidation.MaxBytes);
        }
        if (old is not null)
        {
            DataValidation.Immutable(value, old, ["data", "binaryData"], errors);
        }
    }
}
