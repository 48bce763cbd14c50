using k8s;
using k8s.Models;

namespace Petrel.Controllers;

/// <summary>Who controls an object: the one owner that says so.</summary>
public static class Owners
{
    /// <summary>The reference to the controller, or null.</summary>
    public static V1OwnerReference? ControllerReference(this IKubernetesObject<V1ObjectMeta> value) =>
        value.Metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);

    /// <summary>Whether the object with this uid controls it.</summary>
    public static bool IsControlledBy(this IKubernetesObject<V1ObjectMeta> value, string uid) => value.ControllerReference()?.Uid == uid;
}
