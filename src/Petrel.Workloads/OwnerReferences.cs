using k8s;
using k8s.Models;
using Petrel.Client;

namespace Petrel.Workloads;

/// <summary>Owner references: which object controls another one. At most one owner is the controller.</summary>
public static class OwnerReferences
{
    /// <summary>The reference to the object's controller, or null when it has none.</summary>
    public static V1OwnerReference? ControllerReference(this IKubernetesObject<V1ObjectMeta> value)
    {
        var owners = value.Metadata.OwnerReferences;
        for (var i = 0; i < (owners?.Count ?? 0); i++)
        {
            if (owners![i].Controller == true)
            {
                return owners[i];
            }
        }
        return null;
    }

    /// <summary>Whether the object with this uid is the controller.</summary>
    public static bool IsControlledBy(this IKubernetesObject<V1ObjectMeta> value, string uid) => value.ControllerReference()?.Uid == uid;

    /// <summary>
    /// The reference that makes <paramref name="owner"/> the controller of an object, and lets the object block the owner's deletion in
    /// the foreground (upstream: <c>NewControllerRef</c>).
    /// </summary>
    public static V1OwnerReference ToController<T>(T owner)
        where T : IKubernetesObject<V1ObjectMeta> => ToController(owner.Metadata, TypedKind<T>.Kind.ApiVersion, TypedKind<T>.Kind.Kind);

    /// <summary>The same for an owner whose kind is known only at run time.</summary>
    public static V1OwnerReference ToController(V1ObjectMeta owner, string apiVersion, string kind) =>
        new()
        {
            ApiVersion = apiVersion,
            Kind = kind,
            Name = owner.Name,
            Uid = owner.Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };

    /// <summary>The object's owner references with one more, as a new list.</summary>
    public static List<V1OwnerReference> OwnersWith(this IKubernetesObject<V1ObjectMeta> value, V1OwnerReference owner) =>
        [.. value.Metadata.OwnerReferences ?? [], owner];

    /// <summary>The object's owner references without those to the object with this uid, as a new list.</summary>
    public static List<V1OwnerReference> OwnersWithout(this IKubernetesObject<V1ObjectMeta> value, string uid) =>
        [.. (value.Metadata.OwnerReferences ?? []).Where(o => o.Uid != uid)];
}
