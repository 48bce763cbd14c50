using System.Text.Json.Nodes;
using Petrel.Model;

namespace Petrel.Scheduler.Decisions;

/// <summary>
/// The last decisions of a scheduler, by pod, within bounds. It outlives the scheduler that writes it, and may be read on any thread.
/// </summary>
public sealed class DecisionLog(DecisionSettings settings)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _byUid = new(StringComparer.Ordinal);
    // The one that was decided about the longest ago comes first.
    private readonly LinkedList<Entry> _entries = [];

    public DecisionSettings Settings => settings;

    /// <summary>The decisions about a pod, as <c>pods/NAME/schedulingdecision</c> shows them but for its head; null when none is kept.</summary>
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

    /// <summary>Notes a decision; its number is worked out here.</summary>
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
                entry.Decisions.Dequeue();
            }
            entry.Decisions.Enqueue(decision with { Attempt = entry.Attempts });
        }
    }

    private sealed class Entry(ObjectKey pod, string uid)
    {
        public ObjectKey Pod => pod;
        public string Uid => uid;
        public int Attempts { get; set; }
        public Queue<Decision> Decisions { get; } = [];
    }
}
