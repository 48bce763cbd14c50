using k8s;
using k8s.Models;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// A pod made from a ReplicaSet's template. Its name is chosen here and not by the server, so that a create whose outcome is unknown can be
/// repeated without ever making a second pod.
/// </summary>
public static class TemplatePod
{
    private const int LongestName = 63;
    private const int SuffixLength = 5;

    /// <summary>The pod to create, owned by the set.</summary>
    public static V1Pod From(V1ReplicaSet set, IEntropy entropy)
    {
        var prefix = set.Metadata.Name + "-";
        // The copy keeps the shared template out of whatever happens to the pod.
        var template = KubernetesJson.Deserialize<V1PodTemplateSpec>(KubernetesJson.Serialize(set.Spec.Template));
        return new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new()
            {
                GenerateName = prefix,
                Name = prefix[..Math.Min(prefix.Length, LongestName - SuffixLength)] + entropy.NewNameSuffix(SuffixLength),
                NamespaceProperty = set.Metadata.NamespaceProperty,
                Labels = template.Metadata?.Labels,
                Annotations = template.Metadata?.Annotations,
                Finalizers = template.Metadata?.Finalizers,
                OwnerReferences = [OwnerReference(set)],
            },
            Spec = template.Spec,
        };
    }

    /// <summary>The reference by which a pod says that this set controls it.</summary>
    public static V1OwnerReference OwnerReference(V1ReplicaSet set) => new()
    {
        ApiVersion = "apps/v1",
        Kind = "ReplicaSet",
        Name = set.Metadata.Name,
        Uid = set.Metadata.Uid,
        Controller = true,
        BlockOwnerDeletion = true,
    };
}
