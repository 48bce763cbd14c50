using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Binding;

/// <summary>The decision about a pod that waited for a permit. Without a refusal it is bound.</summary>
internal readonly record struct PermitDecision(PlacedPod Placed, IPlugin? Plugin, Status? Refusal);

/// <summary>The placed pods that wait for a permit. Only the scheduling loop uses it, and completes the decisions.</summary>
internal sealed class WaitingPods(TimeProvider time) : IWaitingPods
{
    private readonly List<Entry> _waiting = [];
    private readonly Queue<PermitDecision> _decided = new();

    public IReadOnlyList<(PodInfo Pod, int Node)> Waiting => [.. _waiting.Select(w => (w.Placed.Pod, w.Placed.Node))];

    /// <summary>When the first wait times out.</summary>
    public DateTimeOffset? NextDue => _waiting.Count == 0 ? null : _waiting.Min(w => w.For.Min(f => f.Value));

    public void Add(PlacedPod placed, IReadOnlyList<(IPlugin Plugin, TimeSpan Timeout)> waitsFor)
    {
        var now = time.GetUtcNow();
        _waiting.Add(new(placed, waitsFor.ToDictionary(w => w.Plugin, w => now + w.Timeout)));
    }

    public void Allow(string uid, IPlugin plugin)
    {
        if (_waiting.Find(w => w.Placed.Pod.Uid == uid) is { } entry && entry.For.Remove(plugin) && entry.For.Count == 0)
        {
            _waiting.Remove(entry);
            _decided.Enqueue(new(entry.Placed, null, null));
        }
    }

    public void Reject(string uid, IPlugin plugin, Status why)
    {
        if (_waiting.Find(w => w.Placed.Pod.Uid == uid) is { } entry)
        {
            _waiting.Remove(entry);
            _decided.Enqueue(new(entry.Placed, plugin, why));
        }
    }

    /// <summary>Removes a pod that is gone or bound.</summary>
    public PlacedPod? Remove(string uid)
    {
        if (_waiting.Find(w => w.Placed.Pod.Uid == uid) is not { } entry)
        {
            return null;
        }
        _waiting.Remove(entry);
        return entry.Placed;
    }

    /// <summary>The next decision to complete. Pods that waited too long are refused.</summary>
    public bool TryTake(out PermitDecision decision)
    {
        var now = time.GetUtcNow();
        foreach (var entry in _waiting.Where(w => w.For.Any(f => f.Value <= now)).ToArray())
        {
            var plugin = entry.For.Where(f => f.Value <= now).OrderBy(f => f.Key.Name, StringComparer.Ordinal).First().Key;
            Reject(entry.Placed.Pod.Uid, plugin, Status.Unschedulable($"rejected due to timeout after waiting at plugin {plugin.Name}"));
        }
        return _decided.TryDequeue(out decision);
    }

    private sealed record Entry(PlacedPod Placed, Dictionary<IPlugin, DateTimeOffset> For);
}
