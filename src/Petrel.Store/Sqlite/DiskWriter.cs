using Microsoft.Extensions.Logging;
using Petrel.Store.Sqlite.Integrity;
using Petrel.Store.Versions;

namespace Petrel.Store.Sqlite;

/// <summary>
/// Writes groups of commits to the log, and knows what the disk allows. A full disk refuses everything that does not free space. A failing
/// disk refuses everything, until the file can be opened and written again. Used by the writer thread only, except for
/// <see cref="Health"/>.
/// </summary>
internal sealed partial class DiskWriter : IDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(1);

#pragma warning disable RS0030 // The edge to the disk, as the writer thread.
    private static readonly TimeProvider Clock = TimeProvider.System;
#pragma warning restore RS0030

    private readonly string _path;
    private readonly VersionedState _state;
    private readonly Func<LogStep, int>? _faults;
    private readonly ILogger _logger;
    private readonly DiskReserve _reserve;
    private SqliteLog? _log;
    private volatile StoreHealth _health = StoreHealth.Good;

    // A group whose outcome is unknown until the file is opened again.
    private List<StoreChange[]>? _unresolved;
    private long _lastTry;

    private readonly HistoryAnchor _anchor;
    private long _anchorFlushed = Clock.GetTimestamp();
    private bool _anchorFailed;

    public DiskWriter(string path, SqliteLog log, VersionedState state, ILogger logger, Func<LogStep, int>? faults)
    {
        (_path, _log, _state, _logger, _faults) = (path, log, state, logger, faults);
        _anchor = HistoryAnchor.Open(path, log.Anchor);
        _reserve = new DiskReserve(path);
        if (!_reserve.TryHold())
        {
            Turn(new StoreHealth(StoreFault.NoSpace, "there is no room for the reserve"));
        }
    }

    public StoreHealth Health => _health;

    /// <summary>
    /// How long to wait at most until <see cref="Recover"/> and <see cref="FlushAnchor"/> are due; null when they are not.
    /// </summary>
    public TimeSpan? WakeAfter => _health.Fault == StoreFault.None && !_anchor.IsDirty ? null : RetryInterval;

    /// <summary>The exception for a commit that the disk's state refuses; null when it may be tried.</summary>
    public StoreWriteException? Refuse(bool freesSpace) =>
        _health.Fault == StoreFault.None || (_health.Fault == StoreFault.NoSpace && freesSpace) ? null : Refusal(null);

    /// <summary>
    /// Looks whether the disk is usable again. Returns the commits that turned out to be durable, which nobody has applied yet.
    /// </summary>
    public IReadOnlyList<StoreChange[]> Recover()
    {
        if (_health.Fault == StoreFault.NoSpace)
        {
            if (_reserve.IsThereRoom && _reserve.TryHold())
            {
                Probe();
            }
            return [];
        }
        if (_health.Fault == StoreFault.None || Clock.GetElapsedTime(_lastTry) < RetryInterval)
        {
            return [];
        }
        _lastTry = Clock.GetTimestamp();
        var durable = Reopen();
        if (_log is not null)
        {
            Probe();
        }
        return durable;
    }

    /// <summary>Writes the group. It is durable when this returns.</summary>
    /// <exception cref="StoreWriteException">Nothing was written.</exception>
    /// <exception cref="StoreFileException">Whether the group was written is unknown.</exception>
    public void Write(IReadOnlyList<StoreChange[]> commits, IReadOnlyList<PendingWrite> writes)
    {
        WriteTransaction(commits, writes);
        if (commits.Count > 0)
        {
            AdvanceAnchor();
        }
        TryCheckpoint();
    }

    /// <summary>Flushes the anchor when that is due. Call it when the commits are answered: none waits for this.</summary>
    public void FlushAnchor()
    {
        if (!_anchor.IsDirty || Clock.GetElapsedTime(_anchorFlushed) < RetryInterval)
        {
            return;
        }
        _anchorFlushed = Clock.GetTimestamp();
        OnAnchor(static (anchor, _) => anchor.Flush());
    }

    private void AdvanceAnchor() => OnAnchor(static (anchor, log) => anchor.Advance(log!.Anchor));

    // The commits are durable. That their end can't be noted is no reason to refuse them.
    private void OnAnchor(Action<HistoryAnchor, SqliteLog?> act)
    {
        try
        {
            act(_anchor, _log);
            _anchorFailed = false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            if (!_anchorFailed)
            {
                LogAnchorFailed(_logger, _path, e.Message);
            }
            _anchorFailed = true;
        }
    }

    private void WriteTransaction(IReadOnlyList<StoreChange[]> commits, IReadOnlyList<PendingWrite> writes)
    {
        var log = _log ?? throw Refusal(null);
        try
        {
            log.Begin();
            foreach (var changes in commits)
            {
                log.Append(changes);
            }
            foreach (var write in writes)
            {
                write.Write(log);
            }
        }
        catch (StoreFileException error)
        {
            RollBack(log);
            throw Failed(error);
        }
        try
        {
            log.Commit();
        }
        catch (StoreFileException error) when (error.IsFull)
        {
            // SQLite writes the frame that makes a transaction valid last, so none of it counts.
            RollBack(log);
            throw Failed(error);
        }
        catch (StoreFileException error)
        {
            // Whether the transaction reached the disk is unknown. The file tells when it is opened again.
            _unresolved = [.. commits];
            Turn(new StoreHealth(StoreFault.Failing, error.Message));
            var durable = Reopen();
            if (_unresolved is not null)
            {
                throw;
            }
            if (durable.Count < commits.Count || commits.Count == 0)
            {
                throw Refusal(error);
            }
        }
    }

    /// <summary>
    /// Releases the reserve for a group that frees space, and moves the write-ahead log into the file, so that the log starts again in the
    /// space that it has. False when there is no reserve left.
    /// </summary>
    public bool MakeRoom()
    {
        if (!_reserve.TryRelease())
        {
            return false;
        }
        LogReserveReleased(_logger, _path);
        TryCheckpoint(always: true);
        return true;
    }

    public void Dispose()
    {
        OnAnchor(static (anchor, _) => anchor.Flush());
        _anchor.Dispose();
        _log?.Dispose();
    }

    private StoreWriteException Failed(StoreFileException error)
    {
        var fault = error.IsFull ? StoreFault.NoSpace : StoreFault.Failing;
        if (_health.Fault != StoreFault.Failing)
        {
            Turn(new StoreHealth(fault, error.Message));
        }
        return Refusal(error);
    }

    private StoreWriteException Refusal(Exception? inner) =>
        new(
            _health.Fault,
            _health.Fault == StoreFault.NoSpace
                ? "the disk of the server's store is full; nothing was written. Free space on it, or delete objects: deletions, reads and "
                    + "watches go on"
                : "the disk of the server's store can't be written; nothing was written. The server tries it again every second: reads and "
                    + "watches go on",
            inner
        );

    // Moves the write-ahead log into the file when it is long, or always. False when the disk does not allow it.
    private bool TryCheckpoint(bool always = false)
    {
        if (_log is not { } log || (!always && log.PagesToMove < _reserve.CheckpointPages))
        {
            return true;
        }
        try
        {
            log.Checkpoint();
            return true;
        }
        catch (StoreFileException error)
        {
            // What was committed is safe in the write-ahead log, which must not grow beyond what the reserve can move.
            Failed(error);
            return false;
        }
    }

    private void RollBack(SqliteLog log)
    {
        try
        {
            log.Rollback();
        }
        catch (StoreFileException error)
        {
            Turn(new StoreHealth(StoreFault.Failing, error.Message));
        }
    }

    /// <summary>
    /// Opens the file again after a failure. Returns the group whose outcome was unknown if the file has it.
    /// </summary>
    private List<StoreChange[]> Reopen()
    {
        try
        {
            _log?.Abandon();
            _log = null;
            var log = new SqliteLog(_path, _faults);
            log.FindTail();
            var newest = log.Revision;
            var unresolved = _unresolved ?? [];
            if (newest == _state.Current || (newest < _state.Current && _state.Current == _state.Compacted))
            {
                unresolved = [];
            }
            else if (newest != _state.Current + unresolved.Count)
            {
                log.Abandon();
                throw new StoreFileException(
                    _path,
                    $"it ends at revision {newest}, and the server has acknowledged revision {_state.Current}: restart the server."
                );
            }
            (_log, _unresolved) = (log, null);
            AdvanceAnchor();
            return unresolved;
        }
        catch (StoreFileException error)
        {
            Turn(new StoreHealth(StoreFault.Failing, error.Message));
            return [];
        }
    }

    private void Probe()
    {
        try
        {
            _log!.Probe();
            if (TryCheckpoint())
            {
                Turn(StoreHealth.Good);
            }
        }
        catch (StoreFileException error)
        {
            RollBack(_log!);
            if (!error.IsFull)
            {
                Turn(new StoreHealth(StoreFault.Failing, error.Message));
            }
        }
    }

    private void Turn(StoreHealth health)
    {
        var before = _health.Fault;
        _health = health;
        if (before == health.Fault)
        {
            return;
        }
        switch (health.Fault)
        {
            case StoreFault.None:
                LogRecovered(_logger, _path);
                break;
            case StoreFault.NoSpace:
                LogFull(_logger, _path, health.Problem);
                break;
            default:
                LogFailing(_logger, _path, health.Problem);
                break;
        }
    }

    [LoggerMessage(
        EventId = 1001,
        Level = LogLevel.Error,
        Message = "The disk of the store {Path} is full ({Problem}): only deletions are written until there is space"
    )]
    private static partial void LogFull(ILogger logger, string path, string problem);

    [LoggerMessage(
        EventId = 1002,
        Level = LogLevel.Error,
        Message = "The store {Path} can't be written ({Problem}): all writes are refused until it can"
    )]
    private static partial void LogFailing(ILogger logger, string path, string problem);

    [LoggerMessage(
        EventId = 1005,
        Level = LogLevel.Error,
        Message = "The anchor of the store {Path} can't be written ({Problem}): a loss of its newest changes would not be noticed"
    )]
    private static partial void LogAnchorFailed(ILogger logger, string path, string problem);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Information, Message = "The store {Path} can be written again")]
    private static partial void LogRecovered(ILogger logger, string path);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Warning, Message = "The reserve of the store {Path} is released for deletions")]
    private static partial void LogReserveReleased(ILogger logger, string path);
}

/// <summary>The steps of the log at which tests let the disk fail. A fault is the code of an SQLite error, or 0.</summary>
internal enum LogStep
{
    Open,
    Append,
    Commit,

    /// <summary>The transaction is on the disk, and its confirmation is lost.</summary>
    Confirm,
}
