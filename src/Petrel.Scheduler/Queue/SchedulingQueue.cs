using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Queue;

/// <summary>
/// The pods to schedule (upstream: PriorityQueue). Ready pods are ordered by priority, then age. An unschedulable pod waits for an event
/// that may help it, and then for the end of its back-off. Only the scheduling loop uses it.
/// </summary>
internal sealed class SchedulingQueue(TimeProvider time, SchedulerSettings settings)
{
    private readonly Dictionary<ObjectKey, QueuedPod> _pods = [];
    private readonly SortedDictionary<ObjectKey, QueuedPod> _unschedulable = [];
    private readonly PriorityQueue<(QueuedPod Pod, long Ticket), (int Priority, DateTimeOffset Since, long Ticket)> _active = new();
    private readonly PriorityQueue<(QueuedPod Pod, long Ticket), (DateTimeOffset Due, long Ticket)> _backoff = new();
    private long _tickets;

    // The earliest flush of any unschedulable pod, and the union of the events that they wait for. Both save a pass over all of them.
    private DateTimeOffset _nextFlush = DateTimeOffset.MaxValue;
    private ClusterEvents _awaited;

    public int Count => _pods.Count;

    /// <summary>The pre-enqueue plugin that holds a pod back; null when the pod may be scheduled.</summary>
    public Func<PodInfo, IPlugin?> Gate { get; init; } = _ => null;

    public QueuedPod? Find(ObjectKey key) => _pods.GetValueOrDefault(key);

    /// <summary>Adds a pending pod, or updates it. A relevant change makes an unschedulable pod ready again.</summary>
    public void AddOrUpdate(PodInfo pod, bool schedulingChanged)
    {
        if (!_pods.TryGetValue(pod.Key, out var queued) || queued.Pod.Uid != pod.Uid)
        {
            Remove(pod.Key);
            var now = time.GetUtcNow();
            queued = _pods[pod.Key] = new(pod)
            {
                Added = now,
                Since = now,
                IsCounted = true,
            };
            Activate(queued);
            return;
        }
        queued.Pod = pod;
        if (schedulingChanged && queued.State is QueueState.Unschedulable or QueueState.Gated)
        {
            Retry(queued);
        }
    }

    public void Remove(ObjectKey key)
    {
        if (_pods.Remove(key, out var queued))
        {
            // Its entry in a heap becomes stale.
            queued.Ticket = 0;
            queued.IsCounted = false;
            _unschedulable.Remove(key);
        }
    }

    /// <summary>Takes the next ready pod. The pod stays in the queue, in flight, until it is removed or put back.</summary>
    public bool TryTake(out QueuedPod taken)
    {
        FlushDue();
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
    /// Takes the next ready pods as long as they have the same signature: what <see cref="TryTake"/> would return one after the other.
    /// </summary>
    public void TakeBatch(int most, List<QueuedPod> batch)
    {
        batch.Clear();
        while (batch.Count < most && (batch.Count == 0 || NextHasSignatureOf(batch[0].Pod)) && TryTake(out var next))
        {
            batch.Add(next);
        }
    }

    /// <summary>Takes a ready pod before its turn; null when it is not ready.</summary>
    public QueuedPod? TakeReady(ObjectKey key)
    {
        FlushDue();
        return Find(key) is { State: QueueState.Active } ready ? Take(ready) : null;
    }

    /// <summary>Takes a pod together with another one, whatever it waits for; null when a plugin holds it back.</summary>
    public QueuedPod? TakeAlong(ObjectKey key) =>
        Find(key) is { } queued && (queued.State == QueueState.InFlight || Gate(queued.Pod) is null) ? Take(queued) : null;

    /// <summary>Makes an unschedulable or gated pod ready again, after its back-off.</summary>
    public void Requeue(ObjectKey key)
    {
        if (Find(key) is { State: QueueState.Unschedulable or QueueState.Gated } queued)
        {
            Retry(queued);
        }
    }

    /// <summary>Holds a taken pod back, without a back-off, until <see cref="Requeue"/> or <see cref="TakeAlong"/>.</summary>
    public void PutHeld(QueuedPod queued)
    {
        if (IsCurrent(queued))
        {
            PutAside(queued, QueueState.Gated, ClusterEvents.None, []);
        }
    }

    /// <summary>
    /// Puts a taken pod back for which no node is feasible. It becomes ready after an event of <paramref name="retryOn"/> that may help by
    /// the hints of one of the plugins.
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

    /// <summary>Puts a taken pod back until the objects that it needs are known. The attempt does not count.</summary>
    public void PutBack(QueuedPod queued)
    {
        if (IsCurrent(queued))
        {
            PutAside(queued, QueueState.Unschedulable, ClusterEvents.ObjectsKnown, []);
        }
    }

    /// <summary>Puts a taken pod back whose binding failed. It becomes ready after its back-off.</summary>
    public void PutFailed(QueuedPod queued)
    {
        if (IsCurrent(queued))
        {
            queued.Failures++;
            queued.Since = time.GetUtcNow();
            Retry(queued);
        }
    }

    /// <summary>Makes the pods ready that the event may help.</summary>
    public void Move(in ClusterEvent clusterEvent)
    {
        if ((_awaited & clusterEvent.Kinds) == 0)
        {
            return;
        }
        _awaited = ClusterEvents.None;
        List<QueuedPod>? moved = null;
        foreach (var queued in _unschedulable.Values)
        {
            if ((queued.RetryOn & clusterEvent.Kinds) != 0 && MayHelp(queued, clusterEvent))
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

    /// <summary>When the next back-off or flush is due; null when there is none.</summary>
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
        // Its entry in a heap becomes stale.
        queued.Ticket = 0;
        return queued;
    }

    private void FlushDue()
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
                ScheduleFlush(queued);
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
            ScheduleFlush(queued);
        }
    }

    private void ScheduleFlush(QueuedPod queued)
    {
        var flush = queued.Since + settings.UnschedulableFlush;
        _nextFlush = flush < _nextFlush ? flush : _nextFlush;
    }

    private static bool MayHelp(QueuedPod queued, in ClusterEvent clusterEvent)
    {
        if (queued.RefusedBy.Count == 0)
        {
            return true;
        }
        foreach (var plugin in queued.RefusedBy)
        {
            if (
                plugin is not IQueueingHints hints
                || ((hints.RetryOn & clusterEvent.Kinds) != 0 && hints.MayHelp(queued.Pod, clusterEvent))
            )
            {
                return true;
            }
        }
        return false;
    }

    private bool NextHasSignatureOf(PodInfo pod)
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
            PutAside(queued, QueueState.Gated, plugin.RetryEvents(), [plugin]);
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

    // The pod may have been removed, or replaced by another pod of its name, while it was in flight.
    private bool IsCurrent(QueuedPod queued) => _pods.TryGetValue(queued.Pod.Key, out var current) && ReferenceEquals(current, queued);
}
