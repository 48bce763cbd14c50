using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Warnings about valid pods and templates that probably do not do what was meant (upstream: pkg/api/pod).</summary>
internal static class PodWarnings
{
    private const string PodSeccomp = "seccomp.security.alpha.kubernetes.io/pod";
    private const string NullSelector = "a null labelSelector results in matching no pod";

    private static readonly (string Key, string Message)[] Annotations =
    [
        ("scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead"),
        ("security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
        ("security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"),
    ];

    /// <summary>Volume types that upstream has given up, for pods and for persistent volumes.</summary>
    public static IReadOnlyDictionary<string, string> OldVolumes { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["photonPersistentDisk"] = "deprecated in v1.11, non-functional in v1.16+",
            ["gitRepo"] = "deprecated in v1.11, and disabled by default in v1.33+",
            ["scaleIO"] = "deprecated in v1.16, non-functional in v1.22+",
            ["flocker"] = "deprecated in v1.22, non-functional in v1.25+",
            ["storageos"] = "deprecated in v1.22, non-functional in v1.25+",
            ["quobyte"] = "deprecated in v1.22, non-functional in v1.25+",
            ["glusterfs"] = "deprecated in v1.25, non-functional in v1.26+",
            ["cephfs"] = "deprecated in v1.28, non-functional in v1.31+",
            ["rbd"] = "deprecated in v1.28, non-functional in v1.31+",
        };

    /// <summary>The warnings of a new pod. Updates come from controllers, which nobody reads.</summary>
    public static IEnumerable<string> Pod(JsonObject pod, JsonObject? old) =>
        old is null ? NameWarnings.Of(pod, old, "the Pod's hostname").Concat(Of(pod, "")) : [];

    /// <summary>The warnings of a kind with a pod template at <c>spec.template</c>.</summary>
    public static IEnumerable<string> Workload(JsonObject value, JsonObject? old) =>
        NameWarnings.Of(value, old).Concat(Template(value.Child("spec"), old.Child("spec"), "spec.template."));

    /// <summary>The warnings of a template, when it is new or changes; <paramref name="path"/> ends with a dot.</summary>
    public static IEnumerable<string> Template(JsonObject? holder, JsonObject? old, string path) =>
        holder.Child("template") is { } template && (old is null || !JsonNode.DeepEquals(template, old.Child("template")))
            ? Of(template, path)
            : [];

    private static IEnumerable<string> Of(JsonObject pod, string path)
    {
        var spec = pod.Child("spec") ?? [];
        var annotations = pod.Child("metadata").Child("annotations");
        var at = $"{path}spec";
        return DeprecatedNodeLabels
            .InMap(spec, "nodeSelector", at)
            .Concat(NodeAffinity(spec.Child("affinity").Child("nodeAffinity"), $"{at}.affinity.nodeAffinity"))
            .Concat(Spread(spec, at))
            .Concat(Annotations.Where(a => annotations.Has(a.Key)).Select(a => $"{path}metadata.annotations[{a.Key}]: {a.Message}"))
            .Concat(Volumes(spec, at))
            .Concat(VolumeWarnings.TokenPaths(spec, at))
            .Concat(Duplicates(spec, "hostAliases", "ip", at))
            .Concat(Duplicates(spec, "imagePullSecrets", "name", at))
            .Concat(
                spec.Indexed("imagePullSecrets", at)
                    .Where(s => s.Value.Text("name").Length == 0)
                    .Select(s => $"{s.Path}.name: invalid empty name \"\"")
            )
            .Concat(AmountWarnings.Fractions(spec, "overhead", at, "memory", "ephemeral-storage"))
            .Concat(
                !spec.Child("securityContext").Has("seccompProfile") && annotations.Has(PodSeccomp)
                    ? [$"{path}metadata.annotations[{PodSeccomp}]: non-functional in v1.27+; use the \"seccompProfile\" field instead"]
                    : []
            )
            .Concat(ContainerWarnings.Of(spec, annotations, path))
            .Concat(NodeFieldWarnings.Of(spec, at))
            .Concat(
                spec.Number("terminationGracePeriodSeconds") < 0
                    ? [$"{at}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1"]
                    : []
            )
            .Concat(PodAffinity(spec, "podAffinity", at))
            .Concat(PodAffinity(spec, "podAntiAffinity", at));
    }

    private static IEnumerable<string> NodeAffinity(JsonObject? affinity, string path)
    {
        const string required = "requiredDuringSchedulingIgnoredDuringExecution";
        return affinity
            .Child(required)
            .Indexed("nodeSelectorTerms", $"{path}.{required}")
            .SelectMany(t => DeprecatedNodeLabels.InTerm(t.Value, t.Path))
            .Concat(
                affinity
                    .Indexed("preferredDuringSchedulingIgnoredDuringExecution", path)
                    .SelectMany(t => DeprecatedNodeLabels.InTerm(t.Value.Child("preference"), $"{t.Path}.preference", checksValues: true))
            );
    }

    private static IEnumerable<string> Spread(JsonObject spec, string path)
    {
        foreach (var (constraint, at) in spec.Indexed("topologySpreadConstraints", path))
        {
            var key = constraint.Text("topologyKey");
            if (DeprecatedNodeLabels.Message(key) is { } message)
            {
                yield return $"{at}.topologyKey: {key} is {message}";
            }
            if (!constraint.Has("labelSelector"))
            {
                yield return $"{at}.labelSelector: {NullSelector}";
            }
        }
    }

    private static IEnumerable<string> Volumes(JsonObject spec, string path)
    {
        foreach (var (volume, at) in spec.Indexed("volumes", path))
        {
            foreach (var (type, message) in OldVolumes.Where(o => volume.Has(o.Key)))
            {
                yield return $"{at}.{type}: {message}";
            }
            var claim = volume.Child("ephemeral").Child("volumeClaimTemplate").Child("spec");
            foreach (var warning in VolumeWarnings.Claim(claim, $"{at}.ephemeral.volumeClaimTemplate.spec"))
            {
                yield return warning;
            }
        }
    }

    private static IEnumerable<string> Duplicates(JsonObject spec, string list, string field, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (item, at) in spec.Indexed(list, path))
        {
            if (!seen.Add(item.Text(field)))
            {
                yield return $"{at}.{field}: duplicate {field} \"{item.Text(field)}\"";
            }
        }
    }

    private static IEnumerable<string> PodAffinity(JsonObject spec, string kind, string path)
    {
        var affinity = spec.Child("affinity").Child(kind);
        path = $"{path}.affinity.{kind}";
        return affinity
            .Indexed("requiredDuringSchedulingIgnoredDuringExecution", path)
            .Concat(
                affinity
                    .Indexed("preferredDuringSchedulingIgnoredDuringExecution", path)
                    .Select(t => (Value: t.Value.Child("podAffinityTerm") ?? [], Path: $"{t.Path}.podAffinityTerm"))
            )
            .Where(t => !t.Value.Has("labelSelector"))
            .Select(t => $"{t.Path}.labelSelector: {NullSelector}");
    }
}
