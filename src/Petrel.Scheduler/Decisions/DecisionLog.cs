using System.Text.Json.Nodes;
using Petrel.Model;

namespace Petrel.Scheduler.Decisions;

/// <summary>
/// The last decisions of a scheduler, by pod, within bounds. It outlives the scheduler that writes it. Any thread may read it.
/// </summary>
public sealed class DecisionLog(DecisionSettings settings)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _byUid = new(StringComparer.Ordinal);

    // The pod with the oldest last decision comes first.
    private readonly LinkedList<Entry> _entries = [];

    public DecisionSettings Settings => settings;

    /// <summary>
    /// The decisions about a pod, as <c>pods/NAME/schedulingdecision</c> returns them, without kind and metadata; null when none is kept.
    /// </summary>
    public JsonObject? Find(ObjectKey pod, string uid)
    {
        Decision[] kept;
        int attempts;
        lock (_gate)
        {
            if (!_byUid.TryGetValue(uid, out var node) || node.Value.Pod != pod)
            {
                return null;
            }
            kept = [.. node.Value.Decisions];
            attempts = node.Value.Attempts;
        }
        return DecisionDocument.Of(attempts, kept);
    }

    /// <summary>Adds a decision and numbers it.</summary>
    internal void Add(ObjectKey pod, string uid, Decision decision)
    {
        if (settings.Pods <= 0 || settings.PerPod <= 0)
        {
            return;
        }
        lock (_gate)
        {
            if (_byUid.TryGetValue(uid, out var node))
            {
                _entries.Remove(node);
            }
            else
            {
                if (_entries.Count >= settings.Pods)
                {
                    _byUid.Remove(_entries.First!.Value.Uid);
                    _entries.RemoveFirst();
                }
                _byUid[uid] = node = new(new(pod, uid));
            }
            _entries.AddLast(node);
            var entry = node.Value;
            entry.Attempts++;
            if (entry.Decisions.Count >= settings.PerPod)
            {
                entry.Decisions.RemoveAt(0);
            }
            entry.Decisions.Add(decision with { Attempt = entry.Attempts });
        }
    }

    /// <summary>Changes the last decision about a pod when its result becomes known.</summary>
    internal void Amend(string uid, Func<Decision, Decision> change)
    {
        lock (_gate)
        {
            if (_byUid.TryGetValue(uid, out var node) && node.Value.Decisions.Count > 0)
            {
                node.Value.Decisions[^1] = change(node.Value.Decisions[^1]);
            }
        }
    }

    /// <summary>Records that the binding of a pod failed.</summary>
    internal void NotBound(string uid, string problem) =>
        Amend(uid, decision => decision with { Result = DecisionResult.NotBound, Message = $"binding rejected: {problem}" });

    private sealed class Entry(ObjectKey pod, string uid)
    {
        public ObjectKey Pod => pod;
        public string Uid => uid;
        public int Attempts { get; set; }
        public List<Decision> Decisions { get; } = [];
    }
}
