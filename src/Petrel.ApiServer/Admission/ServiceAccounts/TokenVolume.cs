using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.ServiceAccounts;

/// <summary>The volume through which a pod gets its account's token, the cluster's root certificate and its namespace's name.</summary>
internal static class TokenVolume
{
    /// <summary>The path where client libraries look for the token.</summary>
    public const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    private const string NamePrefix = "kube-api-access-";

    // One hour and seven seconds: the odd value distinguishes tokens of this volume from others.
    private const int ExpirationSeconds = 3607;

    /// <summary>Whether the pod gets the volume: as the pod says, else as its account says, else yes.</summary>
    public static bool IsWanted(JsonObject account, JsonObject podSpec) =>
        podSpec.Flag("automountServiceAccountToken") ?? account.Flag("automountServiceAccountToken") ?? true;

    /// <summary>Mounts it in every container without another mount at that path; the volume is added when a container needs it.</summary>
    public static void Mount(JsonObject podSpec, Func<string> newSuffix)
    {
        var volumes = podSpec.List("volumes");
        var existing = volumes
            ?.OfType<JsonObject>()
            .Select(v => v.Text("name"))
            .FirstOrDefault(n => n.StartsWith(NamePrefix, StringComparison.Ordinal));
        JsonObject[] containers =
        [
            .. podSpec
                .Objects("initContainers")
                .Concat(podSpec.Objects("containers"))
                .Where(c => !c.Objects("volumeMounts").Any(m => m.Text("mountPath") == MountPath)),
        ];
        if (containers.Length == 0)
        {
            return;
        }
        var name = existing ?? NamePrefix + newSuffix();
        foreach (var container in containers)
        {
            Append(
                container,
                "volumeMounts",
                new JsonObject
                {
                    ["name"] = name,
                    ["readOnly"] = true,
                    ["mountPath"] = MountPath,
                }
            );
        }
        if (existing is null)
        {
            Append(podSpec, "volumes", new JsonObject { ["name"] = name, ["projected"] = Sources() });
        }
    }

    private static JsonObject Sources() =>
        new()
        {
            ["sources"] = new JsonArray(
                new JsonObject
                {
                    ["serviceAccountToken"] = new JsonObject { ["expirationSeconds"] = ExpirationSeconds, ["path"] = "token" },
                },
                new JsonObject
                {
                    ["configMap"] = new JsonObject
                    {
                        ["name"] = "kube-root-ca.crt",
                        ["items"] = new JsonArray(new JsonObject { ["key"] = "ca.crt", ["path"] = "ca.crt" }),
                    },
                },
                new JsonObject
                {
                    ["downwardAPI"] = new JsonObject
                    {
                        ["items"] = new JsonArray(
                            new JsonObject
                            {
                                ["path"] = "namespace",
                                ["fieldRef"] = new JsonObject { ["apiVersion"] = "v1", ["fieldPath"] = "metadata.namespace" },
                            }
                        ),
                    },
                }
            ),
            ["defaultMode"] = 420,
        };

    private static void Append(JsonObject parent, string name, JsonObject value)
    {
        if (parent.List(name) is { } list)
        {
            list.Add((JsonNode)value);
        }
        else
        {
            parent[name] = new JsonArray(value);
        }
    }
}
