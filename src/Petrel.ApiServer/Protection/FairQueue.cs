using Petrel.ApiServer.Errors;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Protection;

/// <summary>
/// Limits concurrency: requests hold seats while they run, and the others wait in one queue for each flow (a user). Free seats go to the
/// flows in turn, and no flow can hold all seats, so that a busy client delays its own requests only (upstream: API Priority and Fairness;
/// the method is the round robin of Nagle, RFC 970).
/// </summary>
/// <param name="seats">How many seats there are. Most requests hold one; large ones hold more.</param>
/// <param name="queueLength">How many requests of one flow may wait; more are refused.</param>
/// <param name="queueTimeout">How long one waits before it is refused.</param>
/// <param name="time">The clock.</param>
public sealed class FairQueue(int seats, int queueLength, TimeSpan queueTimeout, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Flow> _flows = new(StringComparer.Ordinal);

    // The flows with waiting requests, in the order of their turns.
    private readonly LinkedList<Flow> _turns = new();
    private readonly int _share = Math.Max(1, seats - Math.Max(1, seats / 4));

    /// <summary>How many requests wait now, of all flows.</summary>
    public int Waiting { get; private set; }

    /// <summary>How many seats are held now.</summary>
    public int Held { get; private set; }

    /// <summary>How many requests run now.</summary>
    public int Running { get; private set; }

    /// <summary>How many requests were refused.</summary>
    public long Refused { get; private set; }

    /// <summary>Waits for seats. Dispose of them when the request has ended.</summary>
    /// <param name="flowName">The flow.</param>
    /// <param name="width">How many seats the request needs. No request gets more than one flow may hold.</param>
    /// <param name="cancellationToken">The client no longer waits.</param>
    /// <exception cref="StatusException">429: too many requests of this flow wait already, or this one has waited for too long.</exception>
    public ValueTask<Slot> TakeAsync(string flowName, int width, CancellationToken cancellationToken)
    {
        width = Math.Clamp(width, 1, _share);
        Waiter waiter;
        lock (_gate)
        {
            if (!_flows.TryGetValue(flowName, out var flow))
            {
                _flows[flowName] = flow = new Flow(flowName);
            }
            if (flow.Waiters.Count == 0 && flow.Held + width <= _share && Held + width <= seats && !IsHeadBlocked())
            {
                return new(Admit(flow, width));
            }
            if (flow.Waiters.Count >= queueLength)
            {
                Refused++;
                Forget(flow);
                throw TooMany();
            }
            waiter = new Waiter(flow, width);
            waiter.Place = flow.Waiters.AddLast(waiter);
            Waiting++;
            if (flow.Waiters.Count == 1)
            {
                _turns.AddLast(flow);
            }
        }
        return WaitAsync(waiter, cancellationToken);
    }

    private async ValueTask<Slot> WaitAsync(Waiter waiter, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(queueTimeout, time);
        await using (limit.Token.Register(() => GiveUp(waiter, static w => w.Granted.TrySetException(TooMany()), refused: true)))
        await using (cancellationToken.Register(() => GiveUp(waiter, w => w.Granted.TrySetCanceled(cancellationToken), refused: false)))
        {
            return await waiter.Granted.Task;
        }
    }

    private void GiveUp(Waiter waiter, Action<Waiter> end, bool refused)
    {
        List<(Waiter, Slot)>? granted;
        lock (_gate)
        {
            if (waiter.Place is not { } place)
            {
                return;
            }
            Refused += refused ? 1 : 0;
            var flow = waiter.Flow;
            Leave(waiter, place);
            if (flow.Waiters.Count == 0)
            {
                _turns.Remove(flow);
                Forget(flow);
            }
            // Perhaps only this request was too wide for the free seats.
            granted = Grant();
        }
        end(waiter);
        Tell(granted);
    }

    private void Return(Flow flow, int width)
    {
        List<(Waiter, Slot)>? granted;
        lock (_gate)
        {
            Held -= width;
            Running--;
            flow.Held -= width;
            Forget(flow);
            granted = Grant();
        }
        Tell(granted);
    }

    private List<(Waiter, Slot)>? Grant()
    {
        List<(Waiter, Slot)>? granted = null;
        for (var turns = _turns.Count; turns > 0; turns--)
        {
            var flow = _turns.First!.Value;
            var waiter = flow.Waiters.First!.Value;
            if (Held + waiter.Width > seats)
            {
                // Nobody overtakes it, or a wide request would wait forever beside many narrow ones.
                break;
            }
            _turns.RemoveFirst();
            if (flow.Held + waiter.Width <= _share)
            {
                Leave(waiter, waiter.Place!);
                (granted ??= []).Add((waiter, Admit(flow, waiter.Width)));
            }
            if (flow.Waiters.Count > 0)
            {
                _turns.AddLast(flow);
            }
        }
        return granted;
    }

    // Whether the next request in turn waits for seats of others, and not for those of its own flow.
    private bool IsHeadBlocked() => _turns.First is { Value: var flow } && flow.Held + flow.Waiters.First!.Value.Width <= _share;

    private static void Tell(List<(Waiter Waiter, Slot Slot)>? granted) => granted?.ForEach(g => g.Waiter.Granted.TrySetResult(g.Slot));

    private Slot Admit(Flow flow, int width)
    {
        Held += width;
        Running++;
        flow.Held += width;
        return new Slot(this, flow, width);
    }

    private void Leave(Waiter waiter, LinkedListNode<Waiter> place)
    {
        waiter.Flow.Waiters.Remove(place);
        waiter.Place = null;
        Waiting--;
    }

    private void Forget(Flow flow)
    {
        if (flow is { Held: 0, Waiters.Count: 0 })
        {
            _flows.Remove(flow.Name);
        }
    }

    private static StatusException TooMany() => StatusErrors.TooManyRequests("too many requests, please try again later", 1);

    /// <summary>The seats of one request. Dispose of them when it has ended.</summary>
    public sealed class Slot : IDisposable
    {
        private readonly object _flow;
        private FairQueue? _queue;

        internal Slot(FairQueue queue, object flow, int width) => (_queue, _flow, Width) = (queue, flow, width);

        /// <summary>How many seats it holds.</summary>
        public int Width { get; }

        /// <inheritdoc/>
        public void Dispose() => Interlocked.Exchange(ref _queue, null)?.Return((Flow)_flow, Width);
    }

    private sealed class Flow(string name)
    {
        public string Name { get; } = name;
        public LinkedList<Waiter> Waiters { get; } = new();
        public int Held { get; set; }
    }

    private sealed class Waiter(Flow flow, int width)
    {
        public Flow Flow { get; } = flow;
        public int Width { get; } = width;
        public TaskCompletionSource<Slot> Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The place in the queue; null once granted, refused or cancelled.</summary>
        public LinkedListNode<Waiter>? Place { get; set; }
    }
}
