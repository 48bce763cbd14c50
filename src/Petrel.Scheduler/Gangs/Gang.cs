using Petrel.Model;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Gangs;

/// <summary>The pods of a PodGroup as the scheduling loop knows them, whether or not the group itself is known yet.</summary>
internal sealed class Gang(ObjectKey key)
{
    private readonly SortedDictionary<ObjectKey, PodInfo> _pending = [];
    private readonly Dictionary<string, ObjectKey> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _bound = new(StringComparer.Ordinal);

    public ObjectKey Key => key;

    /// <summary>Null as long as there is none.</summary>
    public PodGroup? Group { get; set; }

    /// <summary>
    /// The pods that want a node, in the order of their names; some may have a place already that is on its way to the API.
    /// </summary>
    public IReadOnlyCollection<PodInfo> Pending => _pending.Values;

    /// <summary>How many pods have a node by the API, and have not failed there.</summary>
    public int Bound => _bound.Count;

    public int MinMember => Group?.Spec.MinMember ?? int.MaxValue;

    /// <summary>How long a place is kept for a pod that can't be bound to it.</summary>
    public TimeSpan Timeout => TimeSpan.FromSeconds(Group?.Spec.ScheduleTimeoutSeconds ?? 60);

    /// <summary>Whom it displaced last.</summary>
    public IReadOnlyList<PodInfo> Victims { get; set; } = [];

    public bool IsEmpty => Group is null && _pending.Count == 0 && _bound.Count == 0;

    /// <summary>Whether some pods run and too few do: a scheduler died between two bindings, or pods were lost since.</summary>
    public bool IsBroken => Bound > 0 && Bound < MinMember && Group is not null && _pending.Count > 0;

    public void SetPending(PodInfo pod)
    {
        Remove(pod.Uid);
        _pending[pod.Key] = pod;
        _keys[pod.Uid] = pod.Key;
    }

    public void SetBound(PodInfo pod)
    {
        Remove(pod.Uid);
        _bound.Add(pod.Uid);
    }

    public void Remove(string uid)
    {
        _bound.Remove(uid);
        // Another pod may have the name by now.
        if (_keys.Remove(uid, out var name) && _pending.TryGetValue(name, out var known) && known.Uid == uid)
        {
            _pending.Remove(name);
        }
    }
}
