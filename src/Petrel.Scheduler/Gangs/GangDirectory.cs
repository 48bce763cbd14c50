using Petrel.Model;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Gangs;

/// <summary>
/// All gangs, with their pods. Kept current by the scheduling loop, which alone uses it; nothing in it is more than the watches told.
/// </summary>
internal sealed class GangDirectory
{
    private readonly SortedDictionary<ObjectKey, Gang> _gangs = [];

    // By uid: a pod may change its label.
    private readonly Dictionary<string, ObjectKey> _gangOf = new(StringComparer.Ordinal);
    private readonly SortedSet<ObjectKey> _broken = [];

    /// <summary>The gangs of which some pods run, but too few, in the order of their names: they come before all other pods.</summary>
    public IEnumerable<Gang> Broken => _broken.Select(key => _gangs[key]);

    /// <summary>The group that a pod's label names, or null.</summary>
    public static ObjectKey? GroupOf(PodInfo pod) =>
        pod.Labels.TryGetValue(PodGroup.MemberLabel, out var name) && name.Length > 0 ? new(pod.Key.Namespace, name) : null;

    /// <summary>The gang of a pod that has been observed; null when it is in none.</summary>
    public Gang? Of(PodInfo pod) => _gangOf.TryGetValue(pod.Uid, out var key) ? _gangs[key] : null;

    /// <summary>Whether no pod is in any gang.</summary>
    public bool IsEmpty => _gangOf.Count == 0;

    /// <summary>A group, or null when it is gone; answers its gang.</summary>
    public Gang SetGroup(ObjectKey key, PodGroup? group)
    {
        var gang = At(key);
        gang.Group = group;
        Settle(key);
        return gang;
    }

    /// <summary>The pod wants a node.</summary>
    public void Pending(PodInfo pod) => Move(pod, static (gang, pod) => gang.SetPending(pod));

    /// <summary>The pod has a node.</summary>
    public void Bound(PodInfo pod) => Move(pod, static (gang, pod) => gang.SetBound(pod));

    /// <summary>The pod is gone, has ended, or wants no node for now; answers the gang that it was in.</summary>
    public Gang? Gone(string uid)
    {
        if (!_gangOf.Remove(uid, out var key))
        {
            return null;
        }
        var gang = _gangs[key];
        gang.Remove(uid);
        Settle(key);
        return gang;
    }

    private void Move(PodInfo pod, Action<Gang, PodInfo> set)
    {
        var key = GroupOf(pod);
        if (_gangOf.TryGetValue(pod.Uid, out var before) && before != key)
        {
            Gone(pod.Uid);
        }
        if (key is { } group)
        {
            _gangOf[pod.Uid] = group;
            set(At(group), pod);
            Settle(group);
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

    private void Settle(ObjectKey key)
    {
        var gang = _gangs[key];
        if (gang.IsBroken)
        {
            _broken.Add(key);
        }
        else
        {
            _broken.Remove(key);
        }
        if (gang.IsEmpty)
        {
            _gangs.Remove(key);
        }
    }
}
