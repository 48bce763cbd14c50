using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Revisions;

/// <summary>A StatefulSet or DaemonSet as the owner of revisions.</summary>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Reference">The owner reference for its revisions.</param>
/// <param name="Selector">Which revisions without a controller it may adopt.</param>
/// <param name="Template">Its current pod template.</param>
/// <param name="CollisionCount">How many names of revisions were taken.</param>
/// <param name="HashLabel">The label of a revision with its hash.</param>
public sealed record RevisionOwner(
    V1ObjectMeta Metadata,
    V1OwnerReference Reference,
    V1LabelSelector Selector,
    V1PodTemplateSpec Template,
    int? CollisionCount,
    string HashLabel
)
{
    /// <summary>On pods: their revision. On the revisions of DaemonSets: their own hash.</summary>
    public const string PodLabel = "controller-revision-hash";

    public static RevisionOwner Of(V1StatefulSet set) =>
        new(
            set.Metadata,
            OwnerReferences.ToController(set),
            set.Spec.Selector,
            set.Spec.Template,
            set.Status?.CollisionCount,
            "controller.kubernetes.io/hash"
        );

    public static RevisionOwner Of(V1DaemonSet set) =>
        new(set.Metadata, OwnerReferences.ToController(set), set.Spec.Selector, set.Spec.Template, set.Status?.CollisionCount, PodLabel);
}
