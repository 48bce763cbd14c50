using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// A node and the pods on it and on their way to it. What is summed up over pods is in the columns of the <see cref="ClusterState"/>, at
/// its slot.
/// </summary>
internal sealed class NodeInfo(string name, int slot)
{
    private readonly List<PodInfo> _pods = [];
    private readonly List<PodInfo> _podsWithAffinity = [];
    private readonly List<HostPortClaim> _usedPorts = [];

    public string Name { get; } = name;

    public int Slot { get; } = slot;

    /// <summary>Null while pods are known to be on a node that is not known itself.</summary>
    public V1Node? Node { get; private set; }

    public IReadOnlyDictionary<string, string> Labels { get; private set; } = LabelSets.Of(null);
    public IList<V1Taint> Taints { get; private set; } = [];
    public bool IsUnschedulable => Node?.Spec?.Unschedulable == true;
    public ResourceList Allocatable { get; private set; } = new();

    /// <summary>The pods on the node, in no particular order.</summary>
    public IReadOnlyList<PodInfo> Pods => _pods;

    /// <summary>The pods on the node that have terms about other pods.</summary>
    public IReadOnlyList<PodInfo> PodsWithAffinity => _podsWithAffinity;
    public IReadOnlyList<HostPortClaim> UsedPorts => _usedPorts;

    /// <summary>The size in bytes of each image on the node, by each of its names.</summary>
    public IReadOnlyDictionary<string, long> Images { get; private set; } = new Dictionary<string, long>();

    public void SetNode(V1Node? node)
    {
        Node = node;
        Labels = LabelSets.Of(node?.Metadata.Labels);
        Taints = node?.Spec?.Taints ?? [];
        Allocatable = ResourceList.From(node?.Status?.Allocatable);
        var images = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var image in node?.Status?.Images ?? [])
        {
            foreach (var imageName in image.Names ?? [])
            {
                images[imageName] = image.SizeBytes ?? 0;
            }
        }
        Images = images;
    }

    public void Add(PodInfo pod)
    {
        _pods.Add(pod);
        if (pod.HasPodAffinity)
        {
            _podsWithAffinity.Add(pod);
        }
        if (pod.HostPorts.Length > 0)
        {
            _usedPorts.AddRange(pod.HostPorts);
        }
    }

    /// <summary>Removes a pod that was added, as the same instance.</summary>
    public void Remove(PodInfo pod)
    {
        // Search from the end: dry runs and reverted placements remove the pods that were added last.
        var at = _pods.LastIndexOf(pod);
        if (at < 0)
        {
            throw new InvalidOperationException($"{pod.Key} is not on node {Name}.");
        }
        _pods.RemoveAt(at);
        if (pod.HasPodAffinity)
        {
            _podsWithAffinity.Remove(pod);
        }
        foreach (var port in pod.HostPorts)
        {
            _usedPorts.Remove(port);
        }
    }
}
