namespace Petrel.Simulation.Invariants;

/// <summary>No pod is on two nodes: once set, <c>spec.nodeName</c> stays, and its containers run on one node only, its own.</summary>
public sealed class PlacementInvariant : IInvariant
{
    private const string Pods = "/registry/core/pods/";

    private readonly SortedDictionary<string, SortedSet<string>> _running = new(StringComparer.Ordinal); // pod's uid: nodes
    private readonly SortedDictionary<string, string> _bound = new(StringComparer.Ordinal); // pod's uid: node

    /// <inheritdoc/>
    public string Name => "placement";

    /// <inheritdoc/>
    public string? Observe(IReadOnlyList<DocumentChange> commit)
    {
        foreach (var change in commit)
        {
            if (!change.Key.StartsWith(Pods, StringComparison.Ordinal) || change.After is not { } pod)
            {
                continue;
            }
            var node = pod.Text("spec", "nodeName");
            if (_bound.TryGetValue(pod.Uid(), out var before) && before != node)
            {
                return $"pod {change.Key[Pods.Length..]} was bound to {before} and now is to '{node}'";
            }
            if (node.Length > 0)
            {
                _bound[pod.Uid()] = node;
            }
        }
        return null;
    }

    /// <summary>A container of a pod has started on a node.</summary>
    public string? Started(string podUid, string node)
    {
        if (!_running.TryGetValue(podUid, out var nodes))
        {
            _running.Add(podUid, nodes = new(StringComparer.Ordinal));
        }
        nodes.Add(node);
        if (nodes.Count > 1)
        {
            return $"pod {podUid} runs on {string.Join(" and ", nodes)}";
        }
        return _bound.TryGetValue(podUid, out var bound) && bound == node
            ? null
            : $"pod {podUid} runs on {node} and is bound to {(bound is null ? "none" : bound)}";
    }

    /// <summary>Nothing of a pod runs on a node any more.</summary>
    public void Stopped(string podUid, string node)
    {
        if (_running.TryGetValue(podUid, out var nodes) && nodes.Remove(node) && nodes.Count == 0)
        {
            _running.Remove(podUid);
        }
    }

    /// <summary>A node has lost its power, and with it everything that ran there.</summary>
    public void NodeLost(string node)
    {
        foreach (var uid in _running.Where(r => r.Value.Contains(node)).Select(r => r.Key).ToArray())
        {
            Stopped(uid, node);
        }
    }
}
