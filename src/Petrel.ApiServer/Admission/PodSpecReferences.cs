using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission;

/// <summary>The Secrets and ConfigMaps that a pod's spec refers to.</summary>
internal static class PodSpecReferences
{
    private static readonly string[] ContainerLists = ["initContainers", "containers", "ephemeralContainers"];

    /// <summary>Volume sources that name a secret, and the path to its name.</summary>
    private static readonly (string Source, string Reference, string Name)[] SecretSources =
    [
        ("azureFile", "", "secretName"),
        ("secret", "", "secretName"),
        ("cephfs", "secretRef", "name"),
        ("cinder", "secretRef", "name"),
        ("flexVolume", "secretRef", "name"),
        ("rbd", "secretRef", "name"),
        ("scaleIO", "secretRef", "name"),
        ("iscsi", "secretRef", "name"),
        ("storageos", "secretRef", "name"),
        ("csi", "nodePublishSecretRef", "name"),
    ];

    public static IEnumerable<JsonObject> Containers(JsonObject? spec) => ContainerLists.SelectMany(list => spec.Objects(list));

    /// <summary>The names of secrets: to pull images with, in volumes and in environments.</summary>
    public static IEnumerable<string> Secrets(JsonObject? spec) =>
        [
            .. spec.Objects("imagePullSecrets").Select(s => s.Text("name")).Where(n => n.Length > 0),
            .. Containers(spec).SelectMany(c => Environment(c, "secretRef", "secretKeyRef")),
            .. spec.Objects("volumes").SelectMany(SecretsOf),
        ];

    public static IEnumerable<string> ConfigMaps(JsonObject? spec) =>
        [
            .. Containers(spec).SelectMany(c => Environment(c, "configMapRef", "configMapKeyRef")),
            .. spec.Objects("volumes").Select(v => v.Child("configMap").Text("name")).Where(n => n.Length > 0),
            .. Projected(spec, "configMap"),
        ];

    private static IEnumerable<string> Environment(JsonObject container, string whole, string key) =>
        container
            .Objects("envFrom")
            .Select(e => e.Child(whole))
            .Concat(container.Objects("env").Select(e => e.Child("valueFrom").Child(key)))
            .Select(r => r.Text("name"))
            .Where(n => n.Length > 0);

    private static IEnumerable<string> SecretsOf(JsonObject volume)
    {
        foreach (var (source, reference, name) in SecretSources)
        {
            var holder = reference.Length == 0 ? volume.Child(source) : volume.Child(source).Child(reference);
            if (holder.Text(name) is { Length: > 0 } secret)
            {
                yield return secret;
            }
        }
        foreach (
            var projected in volume
                .Child("projected")
                .Objects("sources")
                .Select(s => s.Child("secret").Text("name"))
                .Where(n => n.Length > 0)
        )
        {
            yield return projected;
        }
    }

    private static IEnumerable<string> Projected(JsonObject? spec, string source) =>
        spec.Objects("volumes")
            .SelectMany(v => v.Child("projected").Objects("sources"))
            .Select(s => s.Child(source).Text("name"))
            .Where(n => n.Length > 0);
}
