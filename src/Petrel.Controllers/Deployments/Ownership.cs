using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Model.Selectors;

namespace Petrel.Controllers.Deployments;

/// <summary>Which ReplicaSets are a Deployment's: those it controls, and those that its selector matches and nobody controls.</summary>
internal static class Ownership
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public static V1OwnerReference? Controller(IKubernetesObject<V1ObjectMeta> value) =>
        value.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true);

    public static V1OwnerReference Reference(V1Deployment deployment) =>
        new()
        {
            ApiVersion = "apps/v1",
            Kind = "Deployment",
            Name = deployment.Metadata.Name,
            Uid = deployment.Metadata.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };

    /// <summary>The selector; one that cannot be read, which validation keeps out, selects nothing.</summary>
    public static LabelSelector Selector(V1Deployment deployment)
    {
        try
        {
            return LabelSelector.FromDocument(
                deployment.Spec.Selector is { } selector ? JsonNode.Parse(KubernetesJson.Serialize(selector)) : null
            );
        }
        catch (FormatException)
        {
            return LabelSelector.Nothing;
        }
    }

    public static bool Matches(LabelSelector selector, V1ReplicaSet set) =>
        selector.Matches(set.Metadata.Labels is { } labels ? new Dictionary<string, string>(labels) : NoLabels);

    /// <summary>A copy that the Deployment controls.</summary>
    public static V1ReplicaSet Adopted(V1Deployment deployment, V1ReplicaSet set)
    {
        var copy = DeepCopy.Of(set);
        copy.Metadata.OwnerReferences = [.. copy.Metadata.OwnerReferences ?? [], Reference(deployment)];
        return copy;
    }

    /// <summary>A copy that the Deployment does not own.</summary>
    public static V1ReplicaSet Released(V1Deployment deployment, V1ReplicaSet set)
    {
        var copy = DeepCopy.Of(set);
        copy.Metadata.OwnerReferences = [.. copy.Metadata.OwnerReferences.Where(o => o.Uid != deployment.Metadata.Uid)];
        return copy;
    }
}
