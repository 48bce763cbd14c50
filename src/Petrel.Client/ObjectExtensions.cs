using System.Globalization;
using System.Text.Json;
using k8s;
using k8s.Models;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>Helpers for objects of every kind.</summary>
public static class ObjectExtensions
{
    /// <summary>The object's namespace ("" for cluster-scoped kinds) and name.</summary>
    public static ObjectKey Key(this IKubernetesObject<V1ObjectMeta> value) => value.Metadata.Key();

    /// <inheritdoc cref="Key(IKubernetesObject{V1ObjectMeta})"/>
    public static ObjectKey Key(this V1ObjectMeta metadata) => new(metadata.NamespaceProperty ?? "", metadata.Name);

    /// <summary>The object's resourceVersion as a revision of the store. Revisions order all writes. The server must have set it.</summary>
    public static ulong Revision(this IKubernetesObject<V1ObjectMeta> value) => value.Metadata.Revision();

    /// <inheritdoc cref="Revision(IKubernetesObject{V1ObjectMeta})"/>
    public static ulong Revision(this V1ObjectMeta metadata) => ParseRevision(metadata.ResourceVersion);

    /// <summary>A copy that shares nothing with the original. Copy an object from a cache before changing it.</summary>
    public static T DeepCopy<T>(this T value)
        where T : class => DeepCopier.Copy(value);

    /// <summary>The namespace ("" for cluster-scoped kinds) and name of an object that is a JSON document.</summary>
    public static ObjectKey ObjectKey(this JsonElement document)
    {
        var metadata = document.GetProperty("metadata");
        return new(metadata.TryGetProperty("namespace", out var ns) ? ns.GetString()! : "", metadata.GetProperty("name").GetString()!);
    }

    /// <summary>The resourceVersion of an object or a list that is a JSON document.</summary>
    public static ulong ObjectRevision(this JsonElement document) =>
        ParseRevision(document.GetProperty("metadata").GetProperty("resourceVersion").GetString()!);

    internal static ulong ParseRevision(string resourceVersion) => ulong.Parse(resourceVersion, CultureInfo.InvariantCulture);
}
