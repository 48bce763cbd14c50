using k8s.Models;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// The cluster as the scheduler sees it: what the watches told, and placements that are decided but not yet confirmed by them
/// (assumed). It is updated piece by piece and used by the scheduling loop alone.
/// </summary>
internal sealed class ClusterState
{
    private readonly Dictionary<string, NodeInfo> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Placed> _placed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _imageNodes = new(StringComparer.Ordinal);
    private NodeInfo[]? _nodes;
    private int _podsWithAffinity;

    /// <summary>All nodes, by name.</summary>
    public IReadOnlyList<NodeInfo> Nodes => _nodes ??= [.. _byName.Values.Where(n => n.Node is not null).OrderBy(n => n.Name, StringComparer.Ordinal)];

    /// <summary>Whether any placed pod has a term about other pods; when none has, most pods need no look at others.</summary>
    public bool AnyPodAffinity => _podsWithAffinity > 0;

    public NodeInfo? Node(string name) => _byName.TryGetValue(name, out var node) && node.Node is not null ? node : null;

    /// <summary>On how many nodes an image is present.</summary>
    public int NodesWithImage(string image) => _imageNodes.GetValueOrDefault(image);

    public IReadOnlyDictionary<string, string> NamespaceLabels(string name) => _namespaces.GetValueOrDefault(name) ?? LabelSets.Of(null);

    public void SetNamespace(string name, IReadOnlyDictionary<string, string>? labels)
    {
        if (labels is null)
        {
            _namespaces.Remove(name);
        }
        else
        {
            _namespaces[name] = labels;
        }
    }

    public void SetNode(V1Node node)
    {
        var info = At(node.Metadata.Name);
        if (info.Node is null)
        {
            _nodes = null;
        }
        CountImages(info, -1);
        info.SetNode(node);
        CountImages(info, 1);
    }

    public void RemoveNode(string name)
    {
        if (_byName.TryGetValue(name, out var info))
        {
            CountImages(info, -1);
            info.SetNode(null);
            _nodes = null;
            DropIfEmpty(info);
        }
    }

    /// <summary>A pod is on a node, or about to be (<paramref name="assumed"/>). Replaces what was known of the pod.</summary>
    public void Place(PodInfo pod, string nodeName, bool assumed = false)
    {
        Remove(pod.Uid);
        var node = At(nodeName);
        node.Add(pod);
        _placed[pod.Uid] = new(pod, node, assumed);
        _podsWithAffinity += pod.HasPodAffinity ? 1 : 0;
    }

    public bool IsAssumed(string uid) => _placed.TryGetValue(uid, out var placed) && placed.Assumed;

    /// <summary>Takes back an assumption; false when the watch has confirmed it, or the pod is gone.</summary>
    public bool Forget(string uid) => IsAssumed(uid) && Remove(uid) is not null;

    /// <summary>The pod, if it was placed, is gone.</summary>
    public PodInfo? Remove(string uid)
    {
        if (!_placed.Remove(uid, out var placed))
        {
            return null;
        }
        placed.Node.Remove(placed.Pod);
        _podsWithAffinity -= placed.Pod.HasPodAffinity ? 1 : 0;
        DropIfEmpty(placed.Node);
        return placed.Pod;
    }

    /// <summary>The pod as it is placed, confirmed or assumed.</summary>
    public PodInfo? Find(string uid) => _placed.TryGetValue(uid, out var placed) ? placed.Pod : null;

    private NodeInfo At(string name)
    {
        if (!_byName.TryGetValue(name, out var info))
        {
            _byName[name] = info = new(name);
        }
        return info;
    }

    private void DropIfEmpty(NodeInfo info)
    {
        if (info.Node is null && info.Pods.Count == 0)
        {
            _byName.Remove(info.Name);
        }
    }

    private void CountImages(NodeInfo info, int sign)
    {
        foreach (var image in info.Images.Keys)
        {
            _imageNodes[image] = _imageNodes.GetValueOrDefault(image) + sign;
            if (_imageNodes[image] == 0)
            {
                _imageNodes.Remove(image);
            }
        }
    }

    private sealed record Placed(PodInfo Pod, NodeInfo Node, bool Assumed);
}
