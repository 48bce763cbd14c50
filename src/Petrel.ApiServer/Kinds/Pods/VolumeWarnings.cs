using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Warnings about volumes and claims.</summary>
internal static class VolumeWarnings
{
    /// <summary>The warnings of a claim's spec.</summary>
    public static IEnumerable<string> Claim(JsonObject? spec, string path) =>
        new[] { "requests", "limits" }.SelectMany(map =>
            AmountWarnings.Fractions(spec.Child("resources"), map, $"{path}.resources", "storage")
        );

    /// <summary>The warnings of a PersistentVolumeClaim.</summary>
    public static IEnumerable<string> OfClaim(JsonObject claim) =>
        Annotation(claim, "storage-class", "v1.8", "storageClassName").Concat(Claim(claim.Child("spec"), "spec"));

    /// <summary>The warnings of a PersistentVolume.</summary>
    public static IEnumerable<string> OfVolume(JsonObject volume)
    {
        var spec = volume.Child("spec") ?? [];
        const string Terms = "spec.nodeAffinity.required";
        return Annotation(volume, "storage-class", "v1.8", "storageClassName")
            .Concat(Annotation(volume, "mount-options", "v1.31", "mountOptions"))
            .Concat(
                spec.Text("persistentVolumeReclaimPolicy") == "Recycle"
                    ?
                    [
                        "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. "
                            + "Instead, the recommended approach is to use dynamic provisioning.",
                    ]
                    : []
            )
            .Concat(
                spec.Child("nodeAffinity")
                    .Child("required")
                    .Indexed("nodeSelectorTerms", Terms)
                    .SelectMany(t => DeprecatedNodeLabels.InTerm(t.Value, t.Path))
            )
            .Concat(PodWarnings.OldVolumes.Where(o => o.Key != "gitRepo" && spec.Has(o.Key)).Select(o => $"spec.{o.Key}: {o.Value}"))
            .Concat(AmountWarnings.Fractions(spec, "capacity", "spec", "storage"));
    }

    private static IEnumerable<string> Annotation(JsonObject value, string name, string since, string field)
    {
        var key = $"volume.beta.kubernetes.io/{name}";
        if (value.Child("metadata").Child("annotations").Has(key))
        {
            yield return $"metadata.annotations[{key}]: deprecated since {since}; use \"{field}\" attribute instead";
        }
    }

    /// <summary>Other projected files at the path of a token: one of them hides the other.</summary>
    public static IEnumerable<string> TokenPaths(JsonObject spec, string path)
    {
        var sources = spec.Indexed("volumes", path)
            .SelectMany(v => v.Value.Child("projected").Objects("sources").Select(s => (Source: s, At: $"{v.Path}.projected.sources")))
            .ToList();
        var tokens = sources
            .Where(s => s.Source.Has("serviceAccountToken"))
            .Select(s => s.Source.Child("serviceAccountToken").Text("path"))
            .ToHashSet(StringComparer.Ordinal);
        foreach (var (source, at) in sources)
        {
            foreach (var (kind, shown) in new[] { ("configMap", "configMap"), ("secret", "secrets"), ("downwardAPI", "downwardAPI") })
            {
                foreach (var (item, i) in source.Child(kind).Objects("items").Select((item, i) => (item, i)))
                {
                    if (tokens.Contains(item.Text("path")))
                    {
                        yield return $"{at}.{shown}[{i}]: has duplicated path with ServiceAccountToken \"{item.Text("path")}\"";
                    }
                }
            }
            if (source.Child("clusterTrustBundle") is { } bundle && tokens.Contains(bundle.Text("path")))
            {
                yield return $"{at}.ClusterTrustBundle: has duplicated path with ServiceAccountToken \"{bundle.Text("path")}\"";
            }
        }
    }
}
