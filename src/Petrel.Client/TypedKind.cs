using System.Reflection;
using k8s;
using k8s.Models;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>The API paths of <typeparamref name="T"/>, from the type's own attribute.</summary>
public static class TypedKind<T>
    where T : IKubernetesObject<V1ObjectMeta>
{
    private static readonly KubernetesEntityAttribute Entity = typeof(T).GetCustomAttribute<KubernetesEntityAttribute>()
        ?? throw new InvalidOperationException($"{typeof(T).Name} is not a Kubernetes kind.");

    public static GroupVersionKind Kind { get; } = new(Entity.Group, Entity.ApiVersion, Entity.Kind);

    public static string Plural => Entity.PluralName;

    /// <summary>
    /// The path of one object, or of the collection when <paramref name="name"/> is null. An empty
    /// <paramref name="namespaceName"/> means cluster scope (or all namespaces).
    /// </summary>
    public static string Path(string namespaceName, string? name = null, string? subresource = null)
    {
        var root = Kind.Group.Length == 0 ? $"/api/{Kind.Version}" : $"/apis/{Kind.Group}/{Kind.Version}";
        var scope = namespaceName.Length == 0 ? "" : $"/namespaces/{namespaceName}";
        var tail = name is null ? "" : $"/{name}";
        var sub = subresource is null ? "" : $"/{subresource}";
        return $"{root}{scope}/{Plural}{tail}{sub}";
    }
}
