using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Agent.Nodes;

/// <summary>
/// The extended resources of a node. An administrator writes them to <c>status.capacity</c>; the agent copies them to
/// <c>status.allocatable</c> (Kubernetes documentation, "Advertise Extended Resources for a Node").
/// </summary>
internal static class ExtendedResources
{
    /// <summary>The amounts of the node's extended resources.</summary>
    public static ResourceList Of(V1Node? node) => ResourceList.From(Listed(node?.Status?.Capacity));

    /// <summary>Adds the node's extended resources to the allocatable resources that the agent reports.</summary>
    public static void AddTo(JsonObject allocatable, V1Node? node)
    {
        foreach (var (name, _) in Listed(node?.Status?.Allocatable))
        {
            allocatable[name] = null; // In a merge patch, null removes what the capacity no longer has.
        }
        foreach (var (name, quantity) in Listed(node?.Status?.Capacity))
        {
            allocatable[name] = quantity.ToString();
        }
    }

    /// <summary>Whether the allocatable resources have what the capacity has.</summary>
    public static bool AreAllocatable(V1Node node) =>
        Listed(node.Status?.Capacity)
            .Select(r => (r.Key, r.Value.ToString()))
            .SequenceEqual(Listed(node.Status?.Allocatable).Select(r => (r.Key, r.Value.ToString())));

    // As upstream: names with a domain, apart from those of Kubernetes itself.
    private static IEnumerable<KeyValuePair<string, ResourceQuantity>> Listed(IDictionary<string, ResourceQuantity>? resources) =>
        (resources ?? new Dictionary<string, ResourceQuantity>())
            .Where(r =>
                r.Key.Contains('/', StringComparison.Ordinal) && !r.Key.Split('/')[0].EndsWith("kubernetes.io", StringComparison.Ordinal)
            )
            .OrderBy(r => r.Key, StringComparer.Ordinal);
}
