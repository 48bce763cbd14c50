namespace Petrel.Scheduler.Cluster;

/// <summary>The nodes that preemption nominated pods to.</summary>
internal sealed class Nominations
{
    private readonly Dictionary<string, (PodInfo Pod, string Node)> _byPod = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<string, PodInfo>> _byNode = new(StringComparer.Ordinal);

    public int Count => _byPod.Count;

    /// <summary>How many changes there were.</summary>
    public long Version { get; private set; }

    /// <summary>Replaces what was known of the pod.</summary>
    public void Set(PodInfo pod, string node)
    {
        Remove(pod.Uid);
        Version++;
        _byPod[pod.Uid] = (pod, node);
        if (!_byNode.TryGetValue(node, out var pods))
        {
            _byNode[node] = pods = new(StringComparer.Ordinal);
        }
        pods[pod.Uid] = pod;
    }

    public bool Remove(string uid)
    {
        if (!_byPod.Remove(uid, out var nominated))
        {
            return false;
        }
        Version++;
        var pods = _byNode[nominated.Node];
        pods.Remove(uid);
        if (pods.Count == 0)
        {
            _byNode.Remove(nominated.Node);
        }
        return true;
    }

    /// <summary>The node that a pod is nominated to.</summary>
    public string? NodeOf(string uid) => _byPod.TryGetValue(uid, out var nominated) ? nominated.Node : null;

    /// <summary>The pods nominated to a node, by uid.</summary>
    public IEnumerable<PodInfo> On(string node) => _byNode.TryGetValue(node, out var pods) ? pods.Values : [];
}
