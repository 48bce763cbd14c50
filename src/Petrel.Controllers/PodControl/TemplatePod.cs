using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model.Determinism;
using Petrel.Workloads;

namespace Petrel.Controllers.PodControl;

/// <summary>
/// Pods made from the template of their owner. The controller chooses the name, not the server: so a create whose outcome is unknown can be
/// repeated without ever creating a second pod.
/// </summary>
internal static class TemplatePod
{
    private const int MaxNameLength = 63;
    private const int SuffixLength = 5;

    /// <summary>The pod to create, with a random name as generateName makes them.</summary>
    public static V1Pod From<T>(T owner, V1PodTemplateSpec template, IEntropy entropy)
        where T : IKubernetesObject<V1ObjectMeta> => From(owner, template, owner.Metadata.Name + "-", entropy);

    /// <summary>The pod to create, with a random name that begins with <paramref name="prefix"/>.</summary>
    public static V1Pod From<T>(T owner, V1PodTemplateSpec template, string prefix, IEntropy entropy)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var suffix = entropy.NewNameSuffix(SuffixLength);
        var pod = Named(owner, template, prefix[..Math.Min(prefix.Length, MaxNameLength - SuffixLength)] + suffix);
        pod.Metadata.GenerateName = prefix;
        return pod;
    }

    /// <summary>The pod to create, with this name.</summary>
    public static V1Pod Named<T>(T owner, V1PodTemplateSpec template, string name)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        // The template belongs to a cached object: the pod must share nothing with it.
        var copy = template.DeepCopy();
        return new()
        {
            ApiVersion = "v1",
            Kind = "Pod",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = copy.Metadata?.Labels,
                Annotations = copy.Metadata?.Annotations,
                Finalizers = copy.Metadata?.Finalizers,
                OwnerReferences = [OwnerReferences.ToController(owner)],
            },
            Spec = copy.Spec,
        };
    }
}
