using Petrel.ApiServer.Errors;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Protection;

/// <summary>
/// Limits concurrency: a bounded number of requests run at a time, and the others wait in one queue for each flow (a user). Free slots
/// go to the flows in turn, and no flow can hold all slots, so that a busy client delays its own requests only (upstream: API Priority
/// and Fairness; the method is the round robin of Nagle, RFC 970).
/// </summary>
/// <param name="slots">How many requests run at a time.</param>
/// <param name="queueLength">How many requests of one flow may wait; more are refused.</param>
/// <param name="queueTimeout">How long one waits before it is refused.</param>
/// <param name="time">The clock.</param>
public sealed class FairQueue(int slots, int queueLength, TimeSpan queueTimeout, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Flow> _flows = new(StringComparer.Ordinal);

    // The flows with waiting requests, in the order of their turns.
    private readonly Queue<Flow> _turns = new();
    private readonly int _share = Math.Max(1, slots - Math.Max(1, slots / 4));
    private int _running;

    /// <summary>How many requests wait now, of all flows.</summary>
    public int Waiting { get; private set; }

    /// <summary>Waits for a concurrency slot. Dispose of it when the request has ended.</summary>
    /// <exception cref="StatusException">429: too many requests of this flow wait already, or this one has waited for too long.</exception>
    public ValueTask<Slot> TakeAsync(string flowName, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_gate)
        {
            if (!_flows.TryGetValue(flowName, out var flow))
            {
                _flows[flowName] = flow = new Flow(flowName);
            }
            if (_running < slots && flow.Waiters.Count == 0 && flow.Running < _share)
            {
                Admit(flow);
                return new(new Slot(this, flow));
            }
            if (flow.Waiters.Count >= queueLength)
            {
                throw TooMany();
            }
            waiter = new Waiter();
            flow.Waiters.Enqueue(waiter);
            Waiting++;
            if (flow.Waiters.Count == 1)
            {
                _turns.Enqueue(flow);
            }
        }
        return WaitAsync(waiter, cancellationToken);
    }

    private async ValueTask<Slot> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(queueTimeout, time);
        await using (limit.Token.Register(() => GiveUp(waiter, static w => w.Granted.TrySetException(TooMany()))))
        await using (cancellationToken.Register(() => GiveUp(waiter, w => w.Granted.TrySetCanceled(cancellationToken))))
        {
            return await waiter.Granted.Task;
        }
    }

    // A waiter that gave up stays in its queue; its turn is skipped.
    private void GiveUp(Waiter waiter, Action<Waiter> end)
    {
        lock (_gate)
        {
            if (waiter.IsOver)
            {
                return;
            }
            waiter.IsOver = true;
            Waiting--;
        }
        end(waiter);
    }

    private void Admit(Flow flow)
    {
        _running++;
        flow.Running++;
    }

    private void Return(Flow flow)
    {
        List<(Waiter Waiter, Slot Slot)>? granted = null;
        lock (_gate)
        {
            _running--;
            flow.Running--;
            Forget(flow);
            for (var turns = _turns.Count; turns > 0 && _running < slots; turns--)
            {
                var next = _turns.Dequeue();
                while (next.Waiters.TryPeek(out var gone) && gone.IsOver)
                {
                    next.Waiters.Dequeue();
                }
                if (next.Running < _share && next.Waiters.TryDequeue(out var waiter))
                {
                    waiter.IsOver = true;
                    Waiting--;
                    Admit(next);
                    (granted ??= []).Add((waiter, new Slot(this, next)));
                }
                if (next.Waiters.Count > 0)
                {
                    _turns.Enqueue(next);
                }
                else
                {
                    Forget(next);
                }
            }
        }
        granted?.ForEach(g => g.Waiter.Granted.TrySetResult(g.Slot));
    }

    private void Forget(Flow flow)
    {
        if (flow is { Running: 0, Waiters.Count: 0 })
        {
            _flows.Remove(flow.Name);
        }
    }

    private static StatusException TooMany() => StatusErrors.TooManyRequests("too many requests, please try again later", 1);

    /// <summary>A concurrency slot. Dispose of it once.</summary>
    public sealed class Slot : IDisposable
    {
        private readonly FairQueue _queue;
        private readonly object _flow;

        internal Slot(FairQueue queue, object flow) => (_queue, _flow) = (queue, flow);

        /// <inheritdoc/>
        public void Dispose() => _queue.Return((Flow)_flow);
    }

    private sealed class Flow(string name)
    {
        public string Name { get; } = name;
        public Queue<Waiter> Waiters { get; } = new();
        public int Running { get; set; }
    }

    private sealed class Waiter
    {
        public TaskCompletionSource<Slot> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Granted, refused or cancelled.</summary>
        public bool IsOver { get; set; }
    }
}
