using System.Text.Json;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authorization;

/// <summary>The Secrets that a PersistentVolume refers to and that the nodes which mount it need.</summary>
internal static class VolumeSecrets
{
    // Of CSI volumes, the references for attaching and expanding by a controller are not for nodes.
    private static readonly string[] References = ["secretRef", "nodeStageSecretRef", "nodePublishSecretRef", "nodeExpandSecretRef"];

    public static IEnumerable<ObjectKey> Of(JsonElement volume)
    {
        var claimNamespace = volume.Text("spec", "claimRef", "namespace");
        string Space(string stated) => stated.Length > 0 ? stated : claimNamespace;
        if (volume.At("spec") is not { ValueKind: JsonValueKind.Object } spec)
        {
            yield break;
        }
        foreach (var source in spec.EnumerateObject().Select(m => m.Value).Where(v => v.ValueKind == JsonValueKind.Object))
        {
            if (source.Text("secretName") is { Length: > 0 } name)
            {
                yield return new(Space(source.Text("secretNamespace")), name);
            }
            foreach (var reference in References.Where(r => source.Text(r, "name").Length > 0))
            {
                yield return new(Space(source.Text(reference, "namespace")), source.Text(reference, "name"));
            }
        }
    }
}
