using k8s;
using k8s.Models;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.PodControl;

/// <summary>
/// A pod made from its owner's template. Its name is chosen here and not by the server, so that a create whose outcome is unknown can be
/// repeated without ever making a second pod.
/// </summary>
internal static class TemplatePod
{
    private const int LongestName = 63;
    private const int SuffixLength = 5;

    /// <summary>The pod to create, owned by <paramref name="owner"/>, with a random name as generateName makes them.</summary>
    public static V1Pod From(PodOwner owner, V1PodTemplateSpec template, IEntropy entropy) =>
        From(owner, template, owner.Name + "-", entropy);

    /// <summary>The same with a prefix for its name that is not the owner's name and a dash.</summary>
    public static V1Pod From(PodOwner owner, V1PodTemplateSpec template, string prefix, IEntropy entropy)
    {
        var pod = Named(
            owner,
            template,
            prefix[..Math.Min(prefix.Length, LongestName - SuffixLength)] + entropy.NewNameSuffix(SuffixLength)
        );
        pod.Metadata.GenerateName = prefix;
        return pod;
    }

    /// <summary>The pod to create under a name that means something.</summary>
    public static V1Pod Named(PodOwner owner, V1PodTemplateSpec template, string name)
    {
        // The copy keeps the shared template out of whatever happens to the pod.
        var copy = KubernetesJson.Deserialize<V1PodTemplateSpec>(KubernetesJson.Serialize(template));
        return new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = owner.Namespace,
                Labels = copy.Metadata?.Labels,
                Annotations = copy.Metadata?.Annotations,
                Finalizers = copy.Metadata?.Finalizers,
                OwnerReferences = [owner.Reference],
            },
            Spec = copy.Spec,
        };
    }
}
