using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite;

/// <summary>
/// The one writer. It takes everything that is waiting into one transaction, decides each commit in order of arrival, and answers
/// them all after one flush to the disk; meanwhile the next group gathers. The more writers, the more commits a flush carries.
/// </summary>
internal sealed class GroupCommitter
{
    private readonly SqliteLog _log;
    private readonly VersionedState _state;
    private readonly CommitGroup _group;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The writer waits on the gate, which guards these.
    private readonly object _gate = new();
    private List<PendingCommit> _commits = [];
    private List<PendingWrite> _writes = [];
    private bool _stopping;

    // The writer's own.
    private List<PendingCommit> _takenCommits = [];
    private List<PendingWrite> _takenWrites = [];
    private Exception? _failure;

    public GroupCommitter(SqliteLog log, VersionedState state)
    {
        (_log, _state) = (log, state);
        _group = new CommitGroup(state);
#pragma warning disable RS0030 // The edge to the disk: a flush blocks for about a millisecond, again and again under load. On the
        // shared thread pool that would hold up requests on a small machine. Simulation uses MemoryStore and never comes here.
        new Thread(Run) { IsBackground = true, Name = "store-writer" }.Start();
#pragma warning restore RS0030
    }

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

    /// <summary>Adds something else to the next transaction.</summary>
    public Task WriteAsync(Action<SqliteLog> write)
    {
        var pending = new PendingWrite(write);
        Enqueue(null, pending);
        return pending.Task;
    }

    /// <summary>Refuses what comes from now on, commits what is waiting, and closes the log.</summary>
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
                CommitTaken();
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

    /// <summary>Waits for something to do; false when all is done and the store stops.</summary>
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

                Monitor.Wait(_gate);
            }
            (_commits, _takenCommits) = (_takenCommits, _commits);
            (_writes, _takenWrites) = (_takenWrites, _writes);
            return true;
        }
    }

    private void CommitTaken()
    {
        var begun = false;
        try
        {
            if (_failure is not null)
            {
                throw new IOException($"The store stopped writing: {_failure.Message} Restart to recover.", _failure);
            }

            _group.Begin();
            foreach (var commit in _takenCommits)
            {
                commit.Result = commit.Task.IsCompleted ? null : _group.Add(commit.Operations);
            }

            if (_group.Commits.Count > 0 || _takenWrites.Count > 0)
            {
                _log.Begin();
                begun = true;
                foreach (var changes in _group.Commits)
                {
                    _log.Append(changes);
                }

                foreach (var write in _takenWrites)
                {
                    write.Write(_log);
                }

                Flush();
            }
        }
        catch (Exception error) // The loop's edge: the callers of this group get it.
        {
            if (begun && _failure is null)
            {
                RollBack();
            }

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

    private void Flush()
    {
        try
        {
            _log.Commit();
        }
        catch (StoreFileException error)
        {
            // Whether it reached the disk is unknown, so memory and disk may differ from here on: only opening it anew tells.
            _failure = error;
            throw;
        }
    }

    private void RollBack()
    {
        try
        {
            _log.Rollback();
        }
        catch (StoreFileException error)
        {
            _failure = error;
        }
    }

    private sealed class PendingCommit(IReadOnlyList<StoreOperation> operations)
        : TaskCompletionSource<CommitResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public IReadOnlyList<StoreOperation> Operations { get; } = operations;

        /// <summary>What it will come to when its group is durable; null when its caller gave up before it was decided.</summary>
        public CommitResult? Result { get; set; }

        public async ValueTask<CommitResult> AnswerAsync(CancellationToken cancellationToken)
        {
            using (cancellationToken.UnsafeRegister(static (pending, token) => ((PendingCommit)pending!).TrySetCanceled(token), this))
            {
                return await Task;
            }
        }
    }

    private sealed class PendingWrite(Action<SqliteLog> write) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Action<SqliteLog> Write { get; } = write;
    }
}
