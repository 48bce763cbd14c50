using k8s;
using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.GarbageCollection;

/// <summary>The metadata of an object of any kind, as the subject of an event.</summary>
internal sealed class MetadataObject(GraphNode node) : IKubernetesObject<V1ObjectMeta>
{
    public string ApiVersion { get; set; } = node.Kind.Gvk.ApiVersion;

    public string Kind { get; set; } = node.Kind.Gvk.Kind;

    public V1ObjectMeta Metadata { get; set; } =
        new()
        {
            Name = node.Metadata.Key.Name,
            NamespaceProperty = node.Metadata.Key.Namespace.Length == 0 ? null : node.Metadata.Key.Namespace,
            Uid = node.Metadata.Uid,
            ResourceVersion = node.Metadata.ResourceVersion,
        };
}
