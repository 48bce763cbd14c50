using Petrel.Model;
using Petrel.Scheduler.Cluster;

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

    public int Count => _pods.Count;

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
        if (changesWhatItAsks && queued.State == QueueState.Unschedulable)
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
                taken = next.Pod;
                taken.State = QueueState.InFlight;
                taken.Ticket = 0;
                return true;
            }
        }
        taken = null!;
        return false;
    }

    /// <summary>A taken pod fits nowhere; it comes again when something of <paramref name="retryOn"/> happens.</summary>
    public void PutUnschedulable(QueuedPod queued, ClusterEvents retryOn)
    {
        if (IsCurrent(queued))
        {
            queued.Failures++;
            queued.Since = time.GetUtcNow();
            queued.RetryOn = retryOn;
            queued.State = QueueState.Unschedulable;
            _unschedulable[queued.Pod.Key] = queued;
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
    public void Move(ClusterEvents happened)
    {
        if (_unschedulable.Count == 0)
        {
            return;
        }
        foreach (var queued in _unschedulable.Values.Where(q => (q.RetryOn & happened) != 0).ToArray())
        {
            Retry(queued);
        }
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
            foreach (var queued in _unschedulable.Values)
            {
                var flush = queued.Since + settings.UnschedulableFlush;
                due = due is null || flush < due ? flush : due;
            }
            return due;
        }
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
        foreach (var queued in _unschedulable.Values.Where(q => q.Since + settings.UnschedulableFlush <= now).ToArray())
        {
            Retry(queued);
        }
    }

    private void Retry(QueuedPod queued)
    {
        _unschedulable.Remove(queued.Pod.Key);
        var due = queued.Since + Backoff(queued.Failures);
        if (due <= time.GetUtcNow())
        {
            Activate(queued);
            return;
        }
        queued.State = QueueState.Backoff;
        queued.Ticket = ++_tickets;
        _backoff.Enqueue((queued, queued.Ticket), (due, queued.Ticket));
    }

    private void Activate(QueuedPod queued)
    {
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
