using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for the seccomp and AppArmor profiles of a security context.</summary>
internal static class SecurityProfileValidation
{
    private const int MaxProfileLength = 4095;
    private static readonly string[] Types = ["Localhost", "RuntimeDefault", "Unconfined"];

    /// <summary>Checks the profiles of the security context of a pod or a container.</summary>
    public static void Validate(JsonObject? context, string path, FieldErrors errors)
    {
        Profile(context.Child("seccompProfile"), $"{path}.seccompProfile", "seccomp", isPath: true, errors);
        Profile(context.Child("appArmorProfile"), $"{path}.appArmorProfile", "AppArmor", isPath: false, errors);
    }

    private static void Profile(JsonObject? profile, string path, string kind, bool isPath, FieldErrors errors)
    {
        if (profile is null)
        {
            return;
        }
        var type = profile.Text("type");
        var local = profile.Text("localhostProfile");
        if (type.Length == 0)
        {
            errors.Required($"{path}.type", $"type is required when {path[(path.LastIndexOf('.') + 1)..]} is set");
        }
        else if (!Types.Contains(type))
        {
            errors.NotSupported($"{path}.type", type, Types);
        }
        else if (type != "Localhost")
        {
            if (profile.Has("localhostProfile"))
            {
                errors.Invalid($"{path}.localhostProfile", local, $"can only be set when {kind} type is Localhost");
            }
        }
        else if (local.Trim().Length == 0)
        {
            errors.Required($"{path}.localhostProfile", $"must be set when {kind} type is Localhost");
        }
        else if (local != local.Trim())
        {
            errors.Invalid($"{path}.localhostProfile", local, "must not be padded with whitespace");
        }
        else if (local.Length > MaxProfileLength)
        {
            errors.TooLong($"{path}.localhostProfile", MaxProfileLength);
        }
        else if (isPath && local.StartsWith('/'))
        {
            errors.Invalid($"{path}.localhostProfile", local, "must be a relative path");
        }
        else if (isPath && local.Split('/').Contains(".."))
        {
            errors.Invalid($"{path}.localhostProfile", local, "must not contain '..'");
        }
    }
}
