using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite;

/// <summary>
/// The only writer of the file. It collects all waiting commits into one transaction and decides them in order of arrival. It completes
/// them after one flush to the disk, while the next group collects. With more concurrent writers, each flush carries more commits.
/// </summary>
internal sealed class GroupCommitter
{
    // A group is decided anew when the disk is found full: without what takes space, and then with the reserve's space.
    private const int Decisions = 3;

    private readonly DiskWriter _log;
    private readonly VersionedState _state;
    private readonly CommitGroup _group;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guards the following fields. The writer thread waits on it.
    private readonly object _gate = new();
    private List<PendingCommit> _commits = [];
    private List<PendingWrite> _writes = [];
    private bool _stopping;

    // Used only by the writer thread.
    private List<PendingCommit> _takenCommits = [];
    private List<PendingWrite> _takenWrites = [];

    public GroupCommitter(DiskWriter log, VersionedState state)
    {
        (_log, _state) = (log, state);
        _group = new CommitGroup(state);
#pragma warning disable RS0030 // The edge to the disk: a flush blocks for about a millisecond, again and again under load. On the
        // shared thread pool that would hold up requests on a small machine. Simulation uses MemoryStore and never comes here.
        new Thread(Run) { IsBackground = true, Name = "store-writer" }.Start();
#pragma warning restore RS0030
    }

    public StoreHealth Health => _log.Health;

    public bool Stopping
    {
        get
        {
            lock (_gate)
            {
                return _stopping;
            }
        }
    }

    public ValueTask<CommitResult> CommitAsync(IReadOnlyList<StoreOperation> operations, CancellationToken cancellationToken)
    {
        var pending = new PendingCommit(operations);
        Enqueue(pending, null);
        return cancellationToken.CanBeCanceled ? pending.AnswerAsync(cancellationToken) : new ValueTask<CommitResult>(pending.Task);
    }

    /// <summary>Adds a write other than a commit to the next transaction.</summary>
    public Task WriteAsync(Action<SqliteLog> write)
    {
        var pending = new PendingWrite(write);
        Enqueue(null, pending);
        return pending.Task;
    }

    /// <summary>Rejects new writes, commits those that are waiting, and closes the log.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }
        return _stopped.Task;
    }

    private void Enqueue(PendingCommit? commit, PendingWrite? write)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_stopping, typeof(SqliteStore));
            if (commit is not null)
            {
                _commits.Add(commit);
            }

            if (write is not null)
            {
                _writes.Add(write);
            }

            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        try
        {
            while (Take())
            {
                Process();
                _log.FlushAnchor();
                _takenCommits.Clear();
                _takenWrites.Clear();
            }
            _log.Dispose();
            _stopped.SetResult();
        }
        catch (Exception error) // The thread's edge: it reaches whoever stops the store.
        {
            _stopped.SetException(error);
        }
    }

    /// <summary>
    /// Waits for work, or until the disk is to be looked at again. Returns false when all work is done and the store stops.
    /// </summary>
    private bool Take()
    {
        lock (_gate)
        {
            while (_commits.Count == 0 && _writes.Count == 0)
            {
                if (_stopping)
                {
                    return false;
                }

                if (_log.WakeAfter is not { } interval)
                {
                    Monitor.Wait(_gate);
                }
                else if (!Monitor.Wait(_gate, interval))
                {
                    break;
                }
            }
            (_commits, _takenCommits) = (_takenCommits, _commits);
            (_writes, _takenWrites) = (_takenWrites, _writes);
            return true;
        }
    }

    private void Process()
    {
        try
        {
            if (_log.Recover() is { Count: > 0 } durable)
            {
                _state.Apply(durable);
            }
            for (var decision = 1; ; decision++)
            {
                Decide();
                if (TryWrite(decision))
                {
                    break;
                }
            }
        }
        catch (Exception error) // The loop's edge: the callers of this group get it.
        {
            foreach (var commit in _takenCommits)
            {
                commit.TrySetException(error);
            }

            foreach (var write in _takenWrites)
            {
                write.TrySetException(error);
            }

            return;
        }
        if (_group.Commits.Count > 0)
        {
            _state.Apply(_group.Commits);
        }

        foreach (var commit in _takenCommits)
        {
            if (commit.Result is { } result)
            {
                commit.TrySetResult(result);
            }
        }
        foreach (var write in _takenWrites)
        {
            write.TrySetResult();
        }
    }

    private void Decide()
    {
        _group.Begin();
        foreach (var commit in _takenCommits)
        {
            commit.Result = null;
            if (commit.Task.IsCompleted)
            {
                continue;
            }
            if (_log.Refuse(commit.FreesSpace) is { } refusal)
            {
                commit.TrySetException(refusal);
                continue;
            }
            commit.Result = _group.Add(commit.Operations);
        }
    }

    // False when the group is to be decided again.
    private bool TryWrite(int decision)
    {
        if (_group.Commits.Count == 0 && _takenWrites.Count == 0)
        {
            return true;
        }
        var wasFull = _log.Health.Fault == StoreFault.NoSpace;
        try
        {
            _log.Write(_group.Commits, _takenWrites);
            return true;
        }
        catch (StoreWriteException error) when (error.Fault == StoreFault.NoSpace && decision < Decisions)
        {
            if (wasFull && !_log.MakeRoom())
            {
                throw;
            }
            return false;
        }
    }
}
