using Petrel.Model;
using Petrel.Model.Timing;

namespace Petrel.Client;

/// <summary>
/// Keys that need work (upstream: client-go's rate-limited work queue). A key that is added again while it is queued is queued once. A key
/// that is added while a worker processes it is queued again afterwards, so that two workers never process it at once.
/// </summary>
public sealed class WorkQueue<TKey>(TimeProvider time, TimeSpan? baseDelay = null, TimeSpan? maxDelay = null) : IDisposable
    where TKey : notnull
{
    private readonly TimeSpan _baseDelay = baseDelay ?? TimeSpan.FromMilliseconds(5);
    private readonly TimeSpan _maxDelay = maxDelay ?? TimeSpan.FromSeconds(1000);
    private readonly Lock _gate = new();
    private readonly Queue<TKey> _ready = new();
    private readonly HashSet<TKey> _dirty = [];
    private readonly HashSet<TKey> _processing = [];
    private readonly Dictionary<TKey, int> _failures = [];
    private readonly Dictionary<TKey, (TimeSpan Due, ITimer Timer)> _delayed = [];
    private readonly Queue<TaskCompletionSource> _takers = new();
    private readonly long _start = time.GetTimestamp();
    private bool _disposed;

    /// <summary>The number of keys that are ready now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _ready.Count;
            }
        }
    }

    /// <summary>Adds a key for the next free worker.</summary>
    public void Add(TKey key)
    {
        lock (_gate)
        {
            if (!_disposed && _dirty.Add(key) && !_processing.Contains(key))
            {
                Enqueue(key);
            }
        }
    }

    /// <summary>Adds a key after a delay. Of several delayed additions of a key, only the earliest takes effect.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }
        lock (_gate)
        {
            var due = Elapsed + delay;
            if (_disposed || (_delayed.TryGetValue(key, out var existing) && existing.Due <= due))
            {
                return;
            }
            existing.Timer?.Dispose();
            _delayed[key] = (due, Timer(key, delay));
        }
    }

    /// <summary>Adds a key after a delay that doubles with every call until <see cref="Forget"/> (exponential backoff).</summary>
    public void AddRateLimited(TKey key)
    {
        TimeSpan delay;
        lock (_gate)
        {
            var failures = _failures.GetValueOrDefault(key);
            _failures[key] = failures + 1;
            delay = TimeSpan.FromTicks((long)Math.Min(_baseDelay.Ticks * Math.Pow(2, failures), _maxDelay.Ticks));
        }
        AddAfter(key, delay);
    }

    /// <summary>Resets a key's backoff.</summary>
    public void Forget(TKey key)
    {
        lock (_gate)
        {
            _failures.Remove(key);
        }
    }

    /// <summary>Returns the next key. Call <see cref="Done"/> with it after processing.</summary>
    public async ValueTask<TKey> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TaskCompletionSource taker;
            lock (_gate)
            {
                if (_ready.TryDequeue(out var key))
                {
                    Invariant.Check(_dirty.Remove(key), $"key {key} is queued because it was added");
                    Invariant.Check(_processing.Add(key), $"key {key} goes to one worker at a time");
                    return key;
                }
                taker = new(TaskCreationOptions.RunContinuationsAsynchronously);
                _takers.Enqueue(taker);
            }
            using var registration = cancellationToken.Register(() => taker.TrySetCanceled(cancellationToken));
            await taker.Task;
        }
    }

    /// <summary>Marks a key as processed. If it was added in the meantime, it is ready again.</summary>
    public void Done(TKey key)
    {
        lock (_gate)
        {
            Invariant.Check(_processing.Remove(key), $"work on key {key} ends once");
            if (_dirty.Contains(key))
            {
                Enqueue(key);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (var (_, timer) in _delayed.Values)
            {
                timer.Dispose();
            }
            _delayed.Clear();
        }
    }

    // Call with the lock held. A taker that has been cancelled is skipped.
    private void Enqueue(TKey key)
    {
        _ready.Enqueue(key);
        while (_takers.TryDequeue(out var taker) && !taker.TrySetResult()) { }
    }

    // The time since the queue began, which does not jump with the clock.
    private TimeSpan Elapsed => time.GetElapsedTime(_start);

    // Call with the lock held. A delay that is too long for a timer takes several.
    private ITimer Timer(TKey key, TimeSpan delay) =>
        time.CreateTimer(_ => Release(key), null, LongDurations.ForTimer(delay), Timeout.InfiniteTimeSpan);

    private void Release(TKey key)
    {
        lock (_gate)
        {
            if (_delayed.TryGetValue(key, out var entry))
            {
                entry.Timer.Dispose();
                if (entry.Due - Elapsed is var left && left > TimeSpan.FromSeconds(1))
                {
                    _delayed[key] = (entry.Due, Timer(key, left));
                    return;
                }
                _delayed.Remove(key);
            }
        }
        Add(key);
    }
}
