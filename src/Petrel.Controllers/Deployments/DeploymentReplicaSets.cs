using System.Globalization;
using k8s.Models;

namespace Petrel.Controllers.Deployments;

/// <summary>What a Deployment asks of its ReplicaSets.</summary>
internal static class DeploymentReplicaSets
{
    private const int LongestName = 253;

    /// <summary>By age, the oldest first.</summary>
    public static IOrderedEnumerable<V1ReplicaSet> OldestFirst(this IEnumerable<V1ReplicaSet> sets) =>
        sets.OrderBy(s => s.Metadata.CreationTimestamp ?? DateTime.MaxValue).ThenBy(s => s.Metadata.Name, StringComparer.Ordinal);

    public static int DesiredReplicas(this V1ReplicaSet set) => set.Spec.Replicas ?? 1;

    /// <summary>The pods it says it has.</summary>
    public static int ActualReplicas(this V1ReplicaSet set) => set.Status?.Replicas ?? 0;

    public static int AvailableReplicas(this V1ReplicaSet set) => set.Status?.AvailableReplicas ?? 0;

    /// <summary>
    /// The pods that it has or may still make: those above the wanted ones are there until its status says that they are gone.
    /// </summary>
    public static int PossibleReplicas(this V1ReplicaSet set) => Math.Max(set.DesiredReplicas(), set.ActualReplicas());

    /// <summary>
    /// Whether its controller knows the number of pods wanted. Until then it may act on an earlier, higher one. One that is deleted makes
    /// no more pods.
    /// </summary>
    public static bool IsObserved(this V1ReplicaSet set) =>
        set.Metadata.DeletionTimestamp is not null || (set.Status?.ObservedGeneration ?? 0) >= (set.Metadata.Generation ?? 0);

    /// <summary>The oldest ReplicaSet that has the Deployment's template: there can be more when hashes changed with a version.</summary>
    public static V1ReplicaSet? FindNew(V1Deployment deployment, IEnumerable<V1ReplicaSet> sets)
    {
        var template = PodTemplates.Canonical(deployment.Spec.Template);
        return sets.OldestFirst().FirstOrDefault(s => PodTemplates.Canonical(s.Spec.Template).AsSpan().SequenceEqual(template));
    }

    /// <summary>The ReplicaSet of a Deployment's template.</summary>
    public static V1ReplicaSet Build(V1Deployment deployment, RolloutBounds bounds, int replicas, long revision)
    {
        var hash = TemplateHash.Compute(deployment.Spec.Template, deployment.Status?.CollisionCount);
        var template = DeepCopy.Of(deployment.Spec.Template);
        template.Metadata ??= new();
        template.Metadata.Labels = DeepCopy.Map(template.Metadata.Labels);
        template.Metadata.Labels[DeploymentNames.HashLabel] = hash;
        var selector = DeepCopy.Of(deployment.Spec.Selector);
        selector.MatchLabels = DeepCopy.Map(selector.MatchLabels);
        selector.MatchLabels[DeploymentNames.HashLabel] = hash;
        var name = deployment.Metadata.Name;
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        DeploymentRevisions.Update(deployment, annotations, revision);
        SetReplicasAnnotations(annotations, bounds);
        return new()
        {
            ApiVersion = "apps/v1",
            Kind = "ReplicaSet",
            Metadata = new()
            {
                Name = $"{name[..Math.Min(name.Length, LongestName - 1 - hash.Length)]}-{hash}",
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = DeepCopy.Map(template.Metadata.Labels),
                Annotations = annotations,
                OwnerReferences = [Ownership.Reference(deployment)],
            },
            Spec = new()
            {
                Replicas = replicas,
                MinReadySeconds = deployment.Spec.MinReadySeconds,
                Selector = selector,
                Template = template,
            },
        };
    }

    /// <summary>Notes the Deployment's size at the time of the last change. Whether that is news.</summary>
    public static bool SetReplicasAnnotations(IDictionary<string, string> annotations, RolloutBounds bounds) =>
        Set(annotations, DeploymentNames.DesiredReplicas, bounds.Replicas) | Set(annotations, DeploymentNames.MaxReplicas, bounds.MaxTotal);

    private static bool Set(IDictionary<string, string> annotations, string name, int number)
    {
        var text = number.ToString(CultureInfo.InvariantCulture);
        if (annotations.TryGetValue(name, out var existing) && existing == text)
        {
            return false;
        }
        annotations[name] = text;
        return true;
    }
}
