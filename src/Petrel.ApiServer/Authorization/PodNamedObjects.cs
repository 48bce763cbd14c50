using System.Text.Json;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authorization;

/// <summary>The objects that a pod's spec refers to, and that its node may read.</summary>
internal static class PodNamedObjects
{
    /// <param name="pod">The pod.</param>
    /// <param name="resource">secrets, configmaps, persistentvolumeclaims or serviceaccounts.</param>
    public static IEnumerable<string> Of(JsonElement pod, string resource)
    {
        var spec = pod.At("spec");
        return resource switch
        {
            "serviceaccounts" => [spec.Text("serviceAccountName")],
            "secrets" =>
            [
                .. spec.Items("imagePullSecrets").Select(s => s.Text("name")),
                .. Environment(spec, "secretRef", "secretKeyRef"),
                .. Volumes(spec, "secret", "secretName", "secret"),
            ],
            "configmaps" => [.. Environment(spec, "configMapRef", "configMapKeyRef"), .. Volumes(spec, "configMap", "name", "configMap")],
            "persistentvolumeclaims" => spec.Items("volumes")
                .Select(v =>
                    v.Has("ephemeral") ? $"{pod.Text("metadata", "name")}-{v.Text("name")}" : v.Text("persistentVolumeClaim", "claimName")
                ),
            _ => [],
        };
    }

    private static IEnumerable<string> Environment(JsonElement spec, string whole, string one) =>
        new[] { "containers", "initContainers", "ephemeralContainers" }
            .SelectMany(list => spec.Items(list))
            .SelectMany(container =>
                container
                    .Items("envFrom")
                    .Select(e => e.Text(whole, "name"))
                    .Concat(container.Items("env").Select(e => e.Text("valueFrom", one, "name")))
            );

    private static IEnumerable<string> Volumes(JsonElement spec, string source, string field, string projected) =>
        spec.Items("volumes")
            .SelectMany(volume =>
                volume.Items("projected", "sources").Select(s => s.Text(projected, "name")).Prepend(volume.Text(source, field))
            )
            .Concat(
                source == "secret"
                    ? spec.Items("volumes")
                        .SelectMany(v =>
                            v.ValueKind == JsonValueKind.Object ? v.EnumerateObject().SelectMany(m => References(m.Value)) : []
                        )
                    : []
            );

    private static IEnumerable<string> References(JsonElement source) =>
        [source.Text("secretRef", "name"), source.Text("nodePublishSecretRef", "name"), source.Text("secretName")];
}
