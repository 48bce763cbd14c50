namespace Petrel.Agent.Runtimes;

/// <summary>
/// A node's sandboxes or containers, indexed by id and by pod, in the order of addition. The cost of a lookup for one pod depends only on
/// the size of that pod, not on the number of pods on the node. Callers hold the runtime's lock.
/// </summary>
/// <param name="idOf">Returns the id of an entry.</param>
/// <param name="podOf">Returns the pod uid of an entry.</param>
internal sealed class PodTable<T>(Func<T, string> idOf, Func<T, string> podOf)
    where T : class
{
    private readonly LinkedList<T> _all = [];
    private readonly Dictionary<string, LinkedListNode<T>> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<T>> _byPod = new(StringComparer.Ordinal);

    public int Count => _byId.Count;

    /// <summary>All entries.</summary>
    public IEnumerable<T> Values => _all;

    /// <summary>The entries of one pod.</summary>
    public IReadOnlyList<T> OfPod(string podUid) => _byPod.TryGetValue(podUid, out var own) ? own : [];

    /// <summary>The entry with this id, or null.</summary>
    public T? Find(string id) => _byId.TryGetValue(id, out var node) ? node.Value : null;

    public void Add(T entry)
    {
        _byId.Add(idOf(entry), _all.AddLast(entry));
        if (!_byPod.TryGetValue(podOf(entry), out var own))
        {
            _byPod[podOf(entry)] = own = [];
        }
        own.Add(entry);
    }

    /// <summary>Replaces the entry that has the same id.</summary>
    public void Replace(T entry)
    {
        var node = _byId[idOf(entry)];
        var own = _byPod[podOf(entry)];
        own[own.IndexOf(node.Value)] = entry;
        node.Value = entry;
    }

    /// <summary>Removes an entry. Does nothing when it does not exist.</summary>
    public void Remove(string id)
    {
        if (!_byId.Remove(id, out var node))
        {
            return;
        }
        _all.Remove(node);
        var pod = podOf(node.Value);
        _byPod[pod].Remove(node.Value);
        if (_byPod[pod].Count == 0)
        {
            _byPod.Remove(pod);
        }
    }
}
