using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.PodControl;

/// <summary>An object that makes pods and controls them, of whatever kind.</summary>
/// <param name="Object">The object as its cache shows it.</param>
/// <param name="ApiVersion">Its kind's, for references.</param>
/// <param name="Kind">Its kind, for references.</param>
internal sealed record PodOwner(IKubernetesObject<V1ObjectMeta> Object, string ApiVersion, string Kind)
{
    public string Name => Object.Metadata.Name;

    public string Namespace => Object.Metadata.NamespaceProperty;

    public string Uid => Object.Metadata.Uid;

    public ObjectKey Key => new(Namespace, Name);

    /// <summary>The reference by which a pod (or a claim, or a revision) says that this object controls it.</summary>
    public V1OwnerReference Reference =>
        new()
        {
            ApiVersion = ApiVersion,
            Kind = Kind,
            Name = Name,
            Uid = Uid,
            Controller = true,
            BlockOwnerDeletion = true,
        };

    public static PodOwner Of<T>(T value)
        where T : class, IKubernetesObject<V1ObjectMeta> => new(value, TypedKind<T>.Kind.ApiVersion, TypedKind<T>.Kind.Kind);
}
