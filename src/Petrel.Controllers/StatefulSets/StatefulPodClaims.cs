using System.Globalization;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>The claims of a StatefulSet's pod, one for each of the set's claim templates.</summary>
public static class StatefulPodClaims
{
    /// <summary>The claim's name: <c>TEMPLATE-SET-ORDINAL</c>.</summary>
    public static string Name(V1StatefulSet set, V1PersistentVolumeClaim template, int ordinal) =>
        $"{template.Metadata.Name}-{set.Metadata.Name}-{ordinal.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Whether a claim with this name may belong to the set.</summary>
    public static bool MayBeOf(V1StatefulSet set, string claimName) =>
        (set.Spec.VolumeClaimTemplates ?? []).Any(t =>
            claimName.StartsWith($"{t.Metadata.Name}-{set.Metadata.Name}-", StringComparison.Ordinal)
        );

    /// <summary>The names of the claims of the pod with this ordinal.</summary>
    public static IEnumerable<string> Names(V1StatefulSet set, int ordinal) =>
        (set.Spec.VolumeClaimTemplates ?? []).Select(t => Name(set, t, ordinal));

    /// <summary>
    /// The claim to create, with the labels of its template and of the set's selector, and the owner by the retention policy.
    /// </summary>
    public static V1PersistentVolumeClaim Create(V1StatefulSet set, V1PersistentVolumeClaim template, int ordinal)
    {
        var claim = template.DeepCopy();
        claim.ApiVersion = "v1";
        claim.Kind = "PersistentVolumeClaim";
        claim.Metadata.Name = Name(set, template, ordinal);
        claim.Metadata.NamespaceProperty = set.Metadata.NamespaceProperty;
        claim.Metadata.OwnerReferences = ClaimRetention.InitialOwner(set) is { } owner ? [owner] : null;
        claim.Status = null;
        foreach (var (key, value) in LabelSets.Of(set.Spec.Selector.MatchLabels))
        {
            claim.Metadata.Labels ??= new Dictionary<string, string>();
            claim.Metadata.Labels[key] = value;
        }
        return claim;
    }

    /// <summary>Whether the pod mounts its claims.</summary>
    public static bool AreMounted(V1StatefulSet set, V1Pod pod, int ordinal) =>
        (set.Spec.VolumeClaimTemplates ?? []).All(t =>
            (pod.Spec.Volumes ?? []).Any(v => v.Name == t.Metadata.Name && v.PersistentVolumeClaim?.ClaimName == Name(set, t, ordinal))
        );

    /// <summary>Adds the claims to the pod's volumes. They replace volumes of the template with the same names.</summary>
    public static void Mount(V1StatefulSet set, V1PodSpec spec, int ordinal)
    {
        var templates = set.Spec.VolumeClaimTemplates ?? [];
        if (templates.Count == 0)
        {
            return;
        }
        spec.Volumes =
        [
            .. templates.Select(t => new V1Volume
            {
                Name = t.Metadata.Name,
                PersistentVolumeClaim = new() { ClaimName = Name(set, t, ordinal) },
            }),
            .. (spec.Volumes ?? []).Where(v => templates.All(t => t.Metadata.Name != v.Name)),
        ];
    }
}
