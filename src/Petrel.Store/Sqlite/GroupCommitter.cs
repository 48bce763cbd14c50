using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite;

/// <summary>
/// The only writer of the file. It collects all waiting commits into one transaction and decides them in order of arrival. It completes
/// them after one flush to the disk, while the next group collects. With more concurrent writers, each flush carries more commits.
/// </summary>
internal sealed class GroupCommitter
{
    private readonly SqliteLog _log;
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

    /// <summary>Waits for work. Returns false when all work is done and the store stops.</summary>
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
            // Whether the transaction reached the disk is unknown, so memory and disk may differ. Only reopening the file resolves this.
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

        /// <summary>The result once the group is durable; null when the caller cancelled before the commit was decided.</summary>
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
