using System.Globalization;
using k8s.Models;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.Deployments;

/// <summary>What a Deployment reads and writes in its ReplicaSets.</summary>
internal static class DeploymentReplicaSets
{
    private const int MaxNameLength = 253;

    /// <summary>By age, the oldest first.</summary>
    public static IOrderedEnumerable<V1ReplicaSet> OldestFirst(this IEnumerable<V1ReplicaSet> sets) =>
        sets.OrderBy(s => s.Metadata.CreationTimestamp ?? DateTime.MaxValue).ThenBy(s => s.Metadata.Name, StringComparer.Ordinal);

    public static int DesiredReplicas(this V1ReplicaSet set) => set.Spec.Replicas ?? 1;

    /// <summary>The number of pods that its status reports.</summary>
    public static int ActualReplicas(this V1ReplicaSet set) => set.Status?.Replicas ?? 0;

    public static int AvailableReplicas(this V1ReplicaSet set) => set.Status?.AvailableReplicas ?? 0;

    /// <summary>The number of pods that it may have. Surplus pods exist until its status says that they are gone.</summary>
    public static int PossibleReplicas(this V1ReplicaSet set) => Math.Max(set.DesiredReplicas(), set.ActualReplicas());

    /// <summary>
    /// Whether its controller has observed the desired number of pods. Until then, the controller may act on an earlier, higher number. A
    /// ReplicaSet that is being deleted creates no pods.
    /// </summary>
    public static bool IsObserved(this V1ReplicaSet set) =>
        set.Metadata.DeletionTimestamp is not null || (set.Status?.ObservedGeneration ?? 0) >= (set.Metadata.Generation ?? 0);

    /// <summary>
    /// The oldest ReplicaSet with the Deployment's template. There may be several, if a version of Petrel changed the hash.
    /// </summary>
    public static V1ReplicaSet? FindNew(V1Deployment deployment, IEnumerable<V1ReplicaSet> sets)
    {
        var template = PodTemplates.Canonical(deployment.Spec.Template);
        return sets.OldestFirst().FirstOrDefault(s => PodTemplates.Canonical(s.Spec.Template).AsSpan().SequenceEqual(template));
    }

    /// <summary>The ReplicaSet to create for the Deployment's template.</summary>
    public static V1ReplicaSet Build(V1Deployment deployment, RolloutBounds bounds, int replicas, long revision)
    {
        var hash = PodTemplateHash.Compute(deployment.Spec.Template, deployment.Status?.CollisionCount);
        var template = deployment.Spec.Template.DeepCopy();
        template.Metadata ??= new();
        template.Metadata.Labels = CopyMap(template.Metadata.Labels);
        template.Metadata.Labels[PodTemplates.HashLabel] = hash;
        var selector = deployment.Spec.Selector.DeepCopy();
        selector.MatchLabels = CopyMap(selector.MatchLabels);
        selector.MatchLabels[PodTemplates.HashLabel] = hash;
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
                Name = $"{name[..Math.Min(name.Length, MaxNameLength - 1 - hash.Length)]}-{hash}",
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = CopyMap(template.Metadata.Labels),
                Annotations = annotations,
                OwnerReferences = [OwnerReferences.ToController(deployment)],
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

    /// <summary>Sets the annotations with the Deployment's size. Returns whether they changed.</summary>
    public static bool SetReplicasAnnotations(IDictionary<string, string> annotations, RolloutBounds bounds) =>
        Set(annotations, DeploymentNames.DesiredReplicas, bounds.Replicas) | Set(annotations, DeploymentNames.MaxReplicas, bounds.MaxTotal);

    /// <summary>A copy whose annotations can be changed.</summary>
    public static V1ReplicaSet CopyWithAnnotations(V1ReplicaSet set)
    {
        var copy = set.DeepCopy();
        copy.Metadata.Annotations = CopyMap(copy.Metadata.Annotations);
        return copy;
    }

    /// <summary>A copy of labels or annotations, empty when there are none.</summary>
    public static Dictionary<string, string> CopyMap(IDictionary<string, string>? map) =>
        map is null ? [] : new(map, StringComparer.Ordinal);

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
