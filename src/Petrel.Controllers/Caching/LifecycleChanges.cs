using System.Collections.Immutable;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.Caching;

/// <summary>
/// The changes of a typed cache in the form of a metadata watch, so that a kind with a cache is listed and watched once. Most changes
/// (statuses, renewed leases) leave the lifecycle of an object alone, and cost only a comparison.
/// </summary>
internal static class LifecycleChanges
{
    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>The kind as discovery lists it.</summary>
    public static ResourceKind KindOf<T>()
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        new(TypedKind<T>.Kind, TypedKind<T>.Plural, typeof(T) != typeof(V1Node) && typeof(T) != typeof(V1Namespace), Verbs, true);

    /// <summary>Registers a handler for what changes in the lifecycle of the cache's objects, before the cache runs.</summary>
    public static void OnLifecycleChange<T>(this SharedCache<T> cache, Action<CacheChange<ObjectMetadata>> handler)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        cache.OnChange(change =>
        {
            if (change is { Old: { } old, New: { } value } && AreEqual(old.Metadata, value.Metadata))
            {
                return;
            }
            handler(new(From(change.Old), From(change.New)));
        });

    private static bool AreEqual(V1ObjectMeta left, V1ObjectMeta right) =>
        left.Uid == right.Uid
        && left.DeletionTimestamp is null == right.DeletionTimestamp is null
        && (left.Finalizers ?? []).SequenceEqual(right.Finalizers ?? [])
        && Owners(left).SequenceEqual(Owners(right));

    private static ObjectMetadata? From(IKubernetesObject<V1ObjectMeta>? value) =>
        value?.Metadata is { } metadata
            ? new(
                value.Key(),
                metadata.Uid,
                metadata.ResourceVersion,
                metadata.DeletionTimestamp is not null,
                [.. metadata.Finalizers ?? []],
                [.. Owners(metadata)]
            )
            : null;

    private static IEnumerable<OwnerLink> Owners(V1ObjectMeta metadata) =>
        (metadata.OwnerReferences ?? []).Select(o => new OwnerLink(
            o.ApiVersion,
            o.Kind,
            o.Name,
            o.Uid,
            o.Controller,
            o.BlockOwnerDeletion
        ));
}
