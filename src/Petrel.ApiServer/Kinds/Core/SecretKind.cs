using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Secret.</summary>
internal static class SecretKind
{
    /// <summary>The type of Secrets that hold the token of a service account.</summary>
    public const string AccountToken = "kubernetes.io/service-account-token";

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "Secret", "secrets", namespaced: true) with
        {
            Default = Default,
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Type", "What the secret is for.", static o => o.Text("type")),
                Shown("Data", "How many keys it holds.", static o => o.Count("data")),
                Age,
            ],
            SelectableFields = Selectable("type"),
        };

    private static void Default(JsonObject secret)
    {
        secret.Fill("type", "Opaque");
        // stringData is write-only: it overwrites data and is never returned.
        foreach (var (key, text) in secret.Map("stringData"))
        {
            secret.Ensure("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        }
        secret.Remove("stringData");
    }

    private static void Validate(JsonObject secret, JsonObject? old, FieldErrors errors)
    {
        var size = 0L;
        foreach (var (key, base64) in secret.Map("data"))
        {
            DataValidation.Key("data", key, errors);
            size += DataValidation.DecodedLength(base64);
        }
        if (size > DataValidation.MaxBytes)
        {
            errors.TooLong("data", DataValidation.MaxBytes);
        }
        OfType(secret, errors);
        if (old is null)
        {
            return;
        }
        if (secret.Text("type") != old.Text("type"))
        {
            errors.Invalid("type", secret.Text("type"), "field is immutable");
        }
        DataValidation.Immutable(secret, old, ["data"], errors);
    }

    // Some field paths follow upstream's odd ones.
    private static void OfType(JsonObject secret, FieldErrors errors)
    {
        var data = secret.Child("data");
        switch (secret.Text("type"))
        {
            case AccountToken:
                if (secret.Child("metadata").Child("annotations").Text("kubernetes.io/service-account.name").Length == 0)
                {
                    errors.Required("metadata.annotations[kubernetes.io/service-account.name]");
                }
                break;
            case "kubernetes.io/dockercfg":
                Json(data, ".dockercfg", errors);
                break;
            case "kubernetes.io/dockerconfigjson":
                Json(data, ".dockerconfigjson", errors);
                break;
            case "kubernetes.io/basic-auth":
                if (!data.Has("username") && !data.Has("password"))
                {
                    errors.Required("data[%s][username]");
                    errors.Required("data[%s][password]");
                }
                break;
            case "kubernetes.io/ssh-auth":
                if (data.Text("ssh-privatekey").Length == 0)
                {
                    errors.Required("data[%s][ssh-privatekey]");
                }
                break;
            case "kubernetes.io/tls":
                foreach (var key in new[] { "tls.crt", "tls.key" })
                {
                    if (!data.Has(key))
                    {
                        errors.Required($"data[{key}]");
                    }
                }
                break;
        }
    }

    private static void Json(JsonObject? data, string key, FieldErrors errors)
    {
        if (!data.Has(key))
        {
            errors.Required($"data[{key}]");
            return;
        }
        if (NotAnObject(data.Text(key)) is { } problem)
        {
            errors.Invalid($"data[{key}]", "<secret contents redacted>", problem);
        }
    }

    /// <summary>What is wrong with base64 of what should be a JSON object, or null.</summary>
    private static string? NotAnObject(string base64)
    {
        var bytes = Convert.FromBase64String(base64);
        try
        {
            using var document = JsonDocument.Parse(bytes);
            return document.RootElement.ValueKind switch
            {
                JsonValueKind.Object or JsonValueKind.Null => null,
                JsonValueKind.Array => Other("array"),
                JsonValueKind.String => Other("string"),
                JsonValueKind.Number => Other("number"),
                _ => Other("bool"),
            };
        }
        catch (JsonException)
        {
            var first = Encoding.UTF8.GetString(bytes).TrimStart();
            return first.Length == 0 ? "unexpected end of JSON input"
                : first[0] is '{' or '[' or '"' ? "must be valid JSON"
                : $"invalid character '{first[0]}' looking for beginning of value";
        }
    }

    private static string Other(string kind) => $"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}";
}
