using Petrel.Model;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Gangs;

/// <summary>All gangs with their pods. Only the scheduling loop uses it. It holds nothing but what the watches told.</summary>
internal sealed class GangDirectory
{
    private readonly SortedDictionary<ObjectKey, Gang> _gangs = [];

    // By the uid of the pod, whose label may change.
    private readonly Dictionary<string, ObjectKey> _gangOf = new(StringComparer.Ordinal);
    private readonly SortedSet<ObjectKey> _incomplete = [];

    /// <summary>
    /// The gangs of which fewer pods run than minMember, in the order of their names. They are scheduled before all other pods.
    /// </summary>
    public IEnumerable<Gang> Incomplete => _incomplete.Select(key => _gangs[key]);

    /// <summary>The PodGroup that the pod's label names, or null.</summary>
    public static ObjectKey? GroupOf(PodInfo pod) =>
        pod.Labels.TryGetValue(PodGroup.MemberLabel, out var name) && name.Length > 0 ? new(pod.Key.Namespace, name) : null;

    /// <summary>The gang of a known pod; null when it is in none.</summary>
    public Gang? Of(PodInfo pod) => _gangOf.TryGetValue(pod.Uid, out var key) ? _gangs[key] : null;

    /// <summary>Whether no pod is in any gang.</summary>
    public bool IsEmpty => _gangOf.Count == 0;

    /// <summary>Sets or removes a PodGroup, and returns its gang.</summary>
    public Gang SetGroup(ObjectKey key, PodGroup? group)
    {
        var gang = At(key);
        gang.Group = group;
        UpdateIndex(key);
        return gang;
    }

    /// <summary>The pod has no node yet.</summary>
    public void Pending(PodInfo pod) => Move(pod, static (gang, pod) => gang.SetPending(pod));

    /// <summary>The pod has a node.</summary>
    public void Bound(PodInfo pod) => Move(pod, static (gang, pod) => gang.SetBound(pod));

    /// <summary>The pod is gone, finished, or not to be scheduled for now. Returns the gang that it was in.</summary>
    public Gang? Remove(string uid)
    {
        if (!_gangOf.Remove(uid, out var key))
        {
            return null;
        }
        var gang = _gangs[key];
        gang.Remove(uid);
        UpdateIndex(key);
        return gang;
    }

    private void Move(PodInfo pod, Action<Gang, PodInfo> set)
    {
        var key = GroupOf(pod);
        if (_gangOf.TryGetValue(pod.Uid, out var before) && before != key)
        {
            Remove(pod.Uid);
        }
        if (key is { } group)
        {
            _gangOf[pod.Uid] = group;
            set(At(group), pod);
            UpdateIndex(group);
        }
    }

    private Gang At(ObjectKey key)
    {
        if (!_gangs.TryGetValue(key, out var gang))
        {
            _gangs[key] = gang = new(key);
        }
        return gang;
    }

    private void UpdateIndex(ObjectKey key)
    {
        var gang = _gangs[key];
        if (gang.IsIncomplete)
        {
            _incomplete.Add(key);
        }
        else
        {
            _incomplete.Remove(key);
        }
        if (gang.IsEmpty)
        {
            _gangs.Remove(key);
        }
    }
}
