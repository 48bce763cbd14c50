using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Caching;

/// <summary>The index of the pod cache by node.</summary>
public static class PodIndexes
{
    private const string Node = "node";

    /// <summary>Adds the index, before the cache runs.</summary>
    public static void IndexByNode(this SharedCache<V1Pod> pods) =>
        pods.AddIndex(Node, pod => pod.Spec.NodeName is { Length: > 0 } node ? [node] : []);

    /// <summary>The pods that are bound to a node.</summary>
    public static IEnumerable<V1Pod> OnNode(this SharedCache<V1Pod> pods, string nodeName) => pods.ByIndex(Node, nodeName);
}
