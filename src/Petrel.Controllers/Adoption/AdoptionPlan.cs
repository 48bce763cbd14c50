using k8s;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Controllers.Adoption;

/// <summary>Which objects an owner adopts, releases and owns (upstream: <c>ControllerRefManager</c>).</summary>
/// <param name="Adopt">Objects without a controller that match. Empty while the owner is being deleted.</param>
/// <param name="Release">The owner's objects that no longer match. Empty while the owner is being deleted.</param>
/// <param name="Owned">The owner's objects that match.</param>
public sealed record AdoptionPlan<T>(IReadOnlyList<T> Adopt, IReadOnlyList<T> Release, IReadOnlyList<T> Owned)
    where T : IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Whether objects have to change their owner before anything else can be planned.</summary>
    public bool HasWork => Adopt.Count > 0 || Release.Count > 0;

    /// <summary>Plans for the objects that the owner controls and those in its namespace that have no controller.</summary>
    public static AdoptionPlan<T> Compute(V1ObjectMeta owner, IEnumerable<T> objects, Func<T, bool> matches)
    {
        var isDeleting = owner.DeletionTimestamp is not null;
        List<T> adopt = [],
            release = [],
            owned = [];
        foreach (var value in objects)
        {
            var controller = value.ControllerReference();
            if (controller?.Uid == owner.Uid)
            {
                if (matches(value))
                {
                    owned.Add(value);
                }
                else if (!isDeleting)
                {
                    release.Add(value);
                }
            }
            else if (controller is null && !isDeleting && value.Metadata.DeletionTimestamp is null && matches(value))
            {
                adopt.Add(value);
            }
        }
        return new(adopt, release, owned);
    }
}
