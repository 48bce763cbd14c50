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

    /// <summary>The PodGroup; null while there is none.</summary>
    public PodGroup? Group { get; set; }

    /// <summary>
    /// The pods without a node in the API, in the order of their names. Some may have a place whose binding is being sent.
    /// </summary>
    public IReadOnlyCollection<PodInfo> Pending => _pending.Values;

    /// <summary>The number of pods that have a node in the API and have not failed.</summary>
    public int Bound => _bound.Count;

    public int MinMember => Group?.Spec.MinMember ?? int.MaxValue;

    /// <summary>How long a place is kept for a pod whose binding the API refuses.</summary>
    public TimeSpan Timeout => TimeSpan.FromSeconds(Group?.Spec.ScheduleTimeoutSeconds ?? 60);

    /// <summary>The pods that the gang preempted last.</summary>
    public IReadOnlyList<PodInfo> Victims { get; set; } = [];

    public bool IsEmpty => Group is null && _pending.Count == 0 && _bound.Count == 0;

    /// <summary>
    /// Whether some pods run, but fewer than minMember: a scheduler stopped between two bindings, or pods were lost since.
    /// </summary>
    public bool IsIncomplete => Bound > 0 && Bound < MinMember && Group is not null && _pending.Count > 0;

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
