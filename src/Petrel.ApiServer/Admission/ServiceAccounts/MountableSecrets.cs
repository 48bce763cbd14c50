using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.ServiceAccounts;

/// <summary>Limits pods to the secrets that their account lists, for accounts that enforce it.</summary>
internal static class MountableSecrets
{
    private const string Annotation = "kubernetes.io/enforce-mountable-secrets";

    public static bool AreEnforced(JsonObject account) =>
        account.Child("metadata").Child("annotations").Text(Annotation) is "true" or "True" or "TRUE" or "t" or "T" or "1";

    /// <summary>Why a new pod may not run as the account, or null.</summary>
    public static string? Problem(JsonObject account, JsonObject podSpec)
    {
        var name = account.Child("metadata").Text("name");
        var listed = Names(account, "secrets");
        foreach (
            var secret in podSpec.Objects("volumes").Select(v => v.Child("secret")).OfType<JsonObject>().Select(s => s.Text("secretName"))
        )
        {
            if (!listed.Contains(secret))
            {
                return $"volume with secret.secretName=\"{secret}\" is not allowed because service account {name} does not reference "
                    + $"that secret";
            }
        }
        if (
            (
                Environment(podSpec, "initContainers", "init container", listed, name)
                ?? Environment(podSpec, "containers", "container", listed, name)
            ) is
            { } problem
        )
        {
            return problem;
        }
        var pullable = Names(account, "imagePullSecrets");
        foreach (var (secret, path) in podSpec.Indexed("imagePullSecrets", ""))
        {
            if (!pullable.Contains(secret.Text("name")))
            {
                return $"{path.TrimStart('.')}.name=\"{secret.Text("name")}\" is not allowed because service account {name} does not "
                    + $"reference that imagePullSecret";
            }
        }
        return null;
    }

    /// <summary>Why ephemeral containers may not be added to a pod of the account, or null.</summary>
    public static string? EphemeralProblem(JsonObject account, JsonObject podSpec) =>
        Environment(
            podSpec,
            "ephemeralContainers",
            "ephemeral container",
            Names(account, "secrets"),
            account.Child("metadata").Text("name")
        );

    private static string? Environment(JsonObject podSpec, string list, string what, HashSet<string> listed, string account)
    {
        foreach (var container in podSpec.Objects(list))
        {
            foreach (var variable in container.Objects("env"))
            {
                if (variable.Child("valueFrom").Child("secretKeyRef") is { } reference && !listed.Contains(reference.Text("name")))
                {
                    return $"{what} {container.Text("name")} with envVar {variable.Text("name")} referencing "
                        + $"secret.secretName=\"{reference.Text("name")}\" "
                        + $"is not allowed because service account {account} does not reference that secret";
                }
            }
        }
        return null;
    }

    private static HashSet<string> Names(JsonObject account, string list) => [.. account.Objects(list).Select(s => s.Text("name"))];
}
