using k8s.Models;
using Petrel.Controllers.PodControl;

namespace Petrel.Controllers.Revisions;

/// <summary>A StatefulSet or DaemonSet as the owner of its history.</summary>
/// <param name="Metadata">Its metadata.</param>
/// <param name="Reference">The reference by which a revision says that this object controls it.</param>
/// <param name="Selector">Which revisions without a controller it may adopt.</param>
/// <param name="Template">The template of its pods now.</param>
/// <param name="CollisionCount">How many names of revisions were taken so far.</param>
/// <param name="HashLabel">The label of a revision that holds its hash.</param>
public sealed record RevisionOwner(
    V1ObjectMeta Metadata,
    V1OwnerReference Reference,
    V1LabelSelector Selector,
    V1PodTemplateSpec Template,
    int? CollisionCount,
    string HashLabel
)
{
    /// <summary>On pods: which revision they are of. On the revisions of DaemonSets: their own hash.</summary>
    public const string PodLabel = "controller-revision-hash";

    public static RevisionOwner Of(V1StatefulSet set) =>
        new(
            set.Metadata,
            PodOwner.Of(set).Reference,
            set.Spec.Selector,
            set.Spec.Template,
            set.Status?.CollisionCount,
            "controller.kubernetes.io/hash"
        );

    public static RevisionOwner Of(V1DaemonSet set) =>
        new(set.Metadata, PodOwner.Of(set).Reference, set.Spec.Selector, set.Spec.Template, set.Status?.CollisionCount, PodLabel);
}
