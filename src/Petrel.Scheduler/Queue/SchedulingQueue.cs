using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Queue;

/// <summary>
/// The pods to schedule (upstream: PriorityQueue). Ready ones come by priority, then age. One that fits nowhere waits until
/// something happens that may help it; one that failed waits out its back-off. Used by the scheduling loop alone.
/// </summary>
internal sealed class SchedulingQueue(TimeProvider time, SchedulerSettings settings)
{
    private readonly Dictionary<ObjectKey, QueuedPod> _pods = [];
    private readonly SortedDictionary<ObjectKey, QueuedPod> _unschedulable = [];
    private readonly PriorityQueue<(QueuedPod Pod, long Ticket), (int Priority, DateTimeOffset Since, long Ticket)> _active = new();
    private readonly PriorityQueue<(QueuedPod Pod, long Ticket), (DateTimeOffset Due, long Ticket)> _backoff = new();
    private long _tickets;

    // No unschedulable pod is due for the flush before this, and none waits for anything else than these: looked at before looking at all
    // of them.
    private DateTimeOffset _nextFlush = DateTimeOffset.MaxValue;
    private ClusterEvents _awaited;

    public int Count => _pods.Count;

    /// <summary>Asked before a pod is made ready: the plugin that keeps it back, if any.</summary>
    public Func<PodInfo, IPlugin?> Gate { get; init; } = _ => null;

    public QueuedPod? Find(ObjectKey key) => _pods.GetValueOrDefault(key);

    /// <summary>A pod that wants scheduling is new, or has changed. A change of what it asks for gives it another try.</summary>
    public void AddOrUpdate(PodInfo pod, bool changesWhatItAsks)
    {
        if (!_pods.TryGetValue(pod.Key, out var queued) || queued.Pod.Uid != pod.Uid)
        {
            Remove(pod.Key);
            queued = _pods[pod.Key] = new(pod) { Since = time.GetUtcNow() };
            Activate(queued);
            return;
        }
        queued.Pod = pod;
        if (changesWhatItAsks && queued.State is QueueState.Unschedulable or QueueState.Gated)
        {
            Retry(queued);
        }
    }

    public void Remove(ObjectKey key)
    {
        if (_pods.Remove(key, out var queued))
        {
            // Its entry in a heap no longer counts.
            queued.Ticket = 0;
            _unschedulable.Remove(key);
        }
    }

    /// <summary>Takes the next pod to schedule; it stays known until it is removed.</summary>
    public bool TryTake(out QueuedPod taken)
    {
        Release();
        while (_active.TryDequeue(out var next, out _))
        {
            if (next.Pod.Ticket == next.Ticket)
            {
                taken = Take(next.Pod);
                return true;
            }
        }
        taken = null!;
        return false;
    }

    /// <summary>
    /// Takes as many pods of the same signature, up to a number, as come next: what <see cref="TryTake"/> would give one after the other.
    /// </summary>
    public void TakeBatch(int most, List<QueuedPod> batch)
    {
        batch.Clear();
        while (batch.Count < most && (batch.Count == 0 || NextIsLike(batch[0].Pod)) && TryTake(out var next))
        {
            batch.Add(next);
        }
    }

    /// <summary>Takes a pod that is ready before its turn; null when it isn't ready.</summary>
    public QueuedPod? TakeReady(ObjectKey key)
    {
        Release();
        return Find(key) is { State: QueueState.Active } ready ? Take(ready) : null;
    }

    /// <summary>Takes a pod along with another one, whatever it waits for; null when it may not be tried at all.</summary>
    public QueuedPod? TakeAlong(ObjectKey key) =>
        Find(key) is { } queued && (queued.State == QueueState.InFlight || Gate(queued.Pod) is null) ? Take(queued) : null;

    /// <summary>A pod that waits for something to happen gets another try, after its back-off.</summary>
    public void TryAgain(ObjectKey key)
    {
        if (Find(key) is { State: QueueState.Unschedulable or QueueState.Gated } queued)
        {
            Retry(queued);
        }
    }

    /// <summary>
    /// A taken pod may not be tried for now; it comes again, without a back-off, when <see cref="TryAgain"/> or <see cref="TakeAlong"/>
    /// says so.
    /// </summary>
    public void PutHeld(QueuedPod queued)
    {
        if (IsCurrent(queued))
        {
            PutAside(queued, QueueState.Gated, ClusterEvents.None, []);
        }
    }

    /// <summary>
    /// A taken pod fits nowhere; it comes again when something of <paramref name="retryOn"/> happens that one of the plugins that refused
    /// it doesn't think useless.
    /// </summary>
    public void PutUnschedulable(QueuedPod queued, ClusterEvents retryOn, IReadOnlyList<IPlugin>? refusedBy = null)
    {
        if (IsCurrent(queued))
        {
            queued.Failures++;
            queued.Since = time.GetUtcNow();
            PutAside(queued, QueueState.Unschedulable, retryOn, refusedBy ?? []);
        }
    }

    /// <summary>
    /// A taken pod can't be judged before kinds of objects are known; it comes again, as if it hadn't been taken, when they are.
    /// </summary>
    public void PutBack(QueuedPod queued)
    {
        if (IsCurrent(queued))
        {
            PutAside(queued, QueueState.Unschedulable, ClusterEvents.ObjectsKnown, []);
        }
    }

    /// <summary>A taken pod could not be bound; it comes again after its back-off.</summary>
    public void PutFailed(QueuedPod queued)
    {
        if (IsCurrent(queued))
        {
            queued.Failures++;
            queued.Since = time.GetUtcNow();
            Retry(queued);
        }
    }

    /// <summary>Something happened: pods that it may help are tried again.</summary>
    public void Move(in ClusterEvent happened)
    {
        if ((_awaited & happened.Kinds) == 0)
        {
            return;
        }
        _awaited = ClusterEvents.None;
        List<QueuedPod>? moved = null;
        foreach (var queued in _unschedulable.Values)
        {
            if ((queued.RetryOn & happened.Kinds) != 0 && MayHelp(queued, happened))
            {
                (moved ??= []).Add(queued);
            }
            else
            {
                _awaited |= queued.RetryOn;
            }
        }
        moved?.ForEach(Retry);
    }

    /// <summary>When a waiting pod is to be looked at next; null when none waits for time.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            DateTimeOffset? due = null;
            while (due is null && _backoff.TryPeek(out var next, out var priority))
            {
                if (next.Pod.Ticket == next.Ticket)
                {
                    due = priority.Due;
                }
                else
                {
                    _backoff.Dequeue();
                }
            }
            return _unschedulable.Count > 0 && _nextFlush < (due ?? DateTimeOffset.MaxValue) ? _nextFlush : due;
        }
    }

    private QueuedPod Take(QueuedPod queued)
    {
        _unschedulable.Remove(queued.Pod.Key);
        queued.State = QueueState.InFlight;
        // Its entry in a heap no longer counts.
        queued.Ticket = 0;
        return queued;
    }

    private void Release()
    {
        var now = time.GetUtcNow();
        while (_backoff.TryPeek(out var next, out var priority) && (priority.Due <= now || next.Pod.Ticket != next.Ticket))
        {
            _backoff.Dequeue();
            if (next.Pod.Ticket == next.Ticket)
            {
                Activate(next.Pod);
            }
        }
        if (_nextFlush > now)
        {
            return;
        }
        _nextFlush = DateTimeOffset.MaxValue;
        foreach (var queued in _unschedulable.Values.Where(q => q.State == QueueState.Unschedulable).ToArray())
        {
            if (queued.Since + settings.UnschedulableFlush <= now)
            {
                Retry(queued);
            }
            else
            {
                NoteFlush(queued);
            }
        }
    }

    private void Retry(QueuedPod queued)
    {
        _unschedulable.Remove(queued.Pod.Key);
        var due = queued.Failures == 0 ? queued.Since : queued.Since + Backoff(queued.Failures);
        if (due <= time.GetUtcNow())
        {
            Activate(queued);
            return;
        }
        queued.State = QueueState.Backoff;
        queued.Ticket = ++_tickets;
        _backoff.Enqueue((queued, queued.Ticket), (due, queued.Ticket));
    }

    private void PutAside(QueuedPod queued, QueueState state, ClusterEvents retryOn, IReadOnlyList<IPlugin> refusedBy)
    {
        (queued.State, queued.RetryOn, queued.RefusedBy) = (state, retryOn, refusedBy);
        _unschedulable[queued.Pod.Key] = queued;
        _awaited |= retryOn;
        if (state == QueueState.Unschedulable)
        {
            NoteFlush(queued);
        }
    }

    private void NoteFlush(QueuedPod queued)
    {
        var flush = queued.Since + settings.UnschedulableFlush;
        _nextFlush = flush < _nextFlush ? flush : _nextFlush;
    }

    private static bool MayHelp(QueuedPod queued, in ClusterEvent happened)
    {
        if (queued.RefusedBy.Count == 0)
        {
            return true;
        }
        foreach (var plugin in queued.RefusedBy)
        {
            if (plugin is not IRetryHints hints || ((hints.RetryOn & happened.Kinds) != 0 && hints.MayHelp(queued.Pod, happened)))
            {
                return true;
            }
        }
        return false;
    }

    private bool NextIsLike(PodInfo pod)
    {
        while (_active.TryPeek(out var next, out _))
        {
            if (next.Pod.Ticket == next.Ticket)
            {
                return next.Pod.Pod.Signature == pod.Signature;
            }
            _active.Dequeue();
        }
        return false;
    }

    private void Activate(QueuedPod queued)
    {
        if (Gate(queued.Pod) is { } plugin)
        {
            PutAside(queued, QueueState.Gated, plugin is IRetryHints hints ? hints.RetryOn : ClusterEvents.Any, [plugin]);
            return;
        }
        queued.State = QueueState.Active;
        queued.Ticket = ++_tickets;
        _active.Enqueue((queued, queued.Ticket), (-queued.Pod.Priority, queued.Since, queued.Ticket));
    }

    private TimeSpan Backoff(int failures)
    {
        var delay = settings.InitialBackoff;
        for (var i = 1; i < failures && delay < settings.MaxBackoff; i++)
        {
            delay *= 2;
        }
        return delay < settings.MaxBackoff ? delay : settings.MaxBackoff;
    }

    // It may have been removed, or replaced by another pod of its name, while it was worked on.
    private bool IsCurrent(QueuedPod queued) => _pods.TryGetValue(queued.Pod.Key, out var current) && ReferenceEquals(current, queued);
}
