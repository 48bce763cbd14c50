using Petrel.ApiServer.Errors;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Caching;

/// <summary>The revision that all caches have reached, and the readers that wait for a later one.</summary>
internal sealed class CacheProgress
{
    private readonly Lock _gate = new();
    private readonly List<(long Revision, TaskCompletionSource Done)> _waiters = [];
    private long _revision = -1;
    private bool _closed;

    public long Revision => Volatile.Read(ref _revision);

    /// <summary>Completes when everything up to <paramref name="revision"/> is in the caches.</summary>
    public Task WaitForAsync(long revision, CancellationToken cancellationToken)
    {
        if (Revision >= revision)
        {
            return Task.CompletedTask;
        }
        lock (_gate)
        {
            if (_revision >= revision)
            {
                return Task.CompletedTask;
            }
            if (_closed)
            {
                return Task.FromException(Stopped());
            }
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((revision, done));
            return cancellationToken.CanBeCanceled ? Cancellable(done, cancellationToken) : done.Task;
        }
    }

    public void MoveTo(long revision)
    {
        List<TaskCompletionSource>? ready = null;
        lock (_gate)
        {
            Volatile.Write(ref _revision, revision);
            for (var i = 0; i < _waiters.Count; )
            {
                if (_waiters[i].Done.Task.IsCompleted || _waiters[i].Revision <= revision)
                {
                    (ready ??= []).Add(_waiters[i].Done);
                    _waiters.RemoveAt(i);
                }
                else
                {
                    i++;
                }
            }
        }
        ready?.ForEach(done => done.TrySetResult());
    }

    /// <summary>No further revision will come: fails all waiting readers.</summary>
    public void Close()
    {
        List<TaskCompletionSource> waiting;
        lock (_gate)
        {
            _closed = true;
            waiting = [.. _waiters.Select(w => w.Done)];
            _waiters.Clear();
        }
        waiting.ForEach(done => done.TrySetException(Stopped()));
    }

    private static StatusException Stopped() => StatusErrors.ServiceUnavailable("the API server is stopping");

    private static async Task Cancellable(TaskCompletionSource done, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(() => done.TrySetCanceled(cancellationToken));
        await done.Task;
    }
}
