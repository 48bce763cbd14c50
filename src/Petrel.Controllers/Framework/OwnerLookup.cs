using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Framework;

/// <summary>
/// Maps changes of owned objects to the owners of one kind that they concern. For <see cref="Selecting"/>, the cache of the owners needs
/// the index by namespace.
/// </summary>
/// <param name="owners">The owners.</param>
/// <param name="selectorOf">An owner's selector: which objects without a controller it may adopt. Null: the kind adopts none.</param>
internal sealed class OwnerLookup<TOwner>(SharedCache<TOwner> owners, Func<TOwner, V1LabelSelector?>? selectorOf = null)
    where TOwner : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The owner that controls the object; null when it is of another kind, is not in the cache, or was recreated.</summary>
    public TOwner? ControllerOf(IKubernetesObject<V1ObjectMeta>? owned) =>
        owned?.ControllerReference() is { } reference
        && reference.Kind == TypedKind<TOwner>.Kind.Kind
        && owners.Get(new(owned.Metadata.NamespaceProperty, reference.Name)) is { } owner
        && owner.Metadata.Uid == reference.Uid
            ? owner
            : null;

    /// <summary>The owners that control the object before and after the change.</summary>
    public IEnumerable<ObjectKey> ControllersOf<T>(CacheChange<T> change)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (ControllerOf(change.Old) is { } before)
        {
            yield return before.Key();
        }
        if (ControllerOf(change.New) is { } after)
        {
            yield return after.Key();
        }
    }

    /// <summary>
    /// The owners that control the object before and after the change, and those that may adopt it when it has no controller.
    /// </summary>
    public IEnumerable<ObjectKey> ControllersOrSelecting<T>(CacheChange<T> change)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        change.New is { } value && value.ControllerReference() is null
            ? ControllersOf(change).Concat(Selecting(value))
            : ControllersOf(change);

    /// <summary>The owners in the object's namespace whose selectors match its labels.</summary>
    public IEnumerable<ObjectKey> Selecting(IKubernetesObject<V1ObjectMeta> orphan)
    {
        var labels = LabelSets.Of(orphan.Metadata.Labels);
        foreach (var owner in owners.InNamespace(orphan.Metadata.NamespaceProperty))
        {
            if (LabelSelectors.From(selectorOf?.Invoke(owner)).Matches(labels))
            {
                yield return owner.Key();
            }
        }
    }
}
