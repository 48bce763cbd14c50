using System.Text;
using Microsoft.Data.Sqlite;
using Petrel.Store.Sqlite.Integrity;
using Petrel.Store.Versions;
using SQLitePCL;

namespace Petrel.Store.Sqlite;

/// <summary>
/// The durable part of the store: one row for each change, in order, with its checksums. Statements are prepared once, and values are bound
/// without copies, because every write takes this path. Calls block. Only one thread may use it at a time.
/// </summary>
internal sealed class SqliteLog : IDisposable
{
    /// <summary>The size of a page of the file, and nearly that of one in the write-ahead log.</summary>
    public const int PageBytes = 4096;

    // SQLITE_DBSTATUS_CACHE_WRITE: pages written to the write-ahead log.
    private const int PagesWritten = 9;

    private readonly string _path;
    private readonly Func<LogStep, int>? _faults;
    private readonly SqliteConnection _connection;
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _begin,
        _commit,
        _rollback,
        _insert,
        _delete,
        _rebase,
        _chainAt;
    private readonly RowDigest _digest = new();
    private byte[] _keyBuffer = new byte[512];

    // Pages in the write-ahead log that are not in the file yet, without those that SQLite still counts.
    private int _pages;

    // The base and the end of the file as the transaction leaves them, and as they were before it.
    private HistoryBase _base,
        _baseBefore;
    private HistoryTail _tail,
        _tailBefore;
    private bool _baseChanged;

    /// <param name="path">The file.</param>
    /// <param name="faults">Lets the disk fail in tests: the SQLite error of a step, or 0.</param>
    public SqliteLog(string path, Func<LogStep, int>? faults = null)
    {
        (_path, _faults) = (path, faults);
        Fail(LogStep.Open);
        _connection = SqliteFile.Open(path);
        _database = _connection.Handle!;
        try
        {
            _base = ReadBase();
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _rollback = Prepare("ROLLBACK");
        _insert = Prepare("INSERT INTO change (id, key, create_revision, value, digest, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        _delete = Prepare("DELETE FROM change WHERE id = ?1 RETURNING digest");
        _rebase = Prepare("UPDATE compaction SET revision = ?1, chain = ?2, mark = ?3, rows = ?4, sum = ?5, seal = ?6");
        _chainAt = Prepare("SELECT chain FROM change WHERE id < ?1 ORDER BY id DESC LIMIT 1");
        var log = new FileInfo(path + "-wal");
        _pages = log.Exists ? (int)(log.Length / PageBytes) : 0;
    }

    /// <summary>The newest revision in the file: of its last row, or the compacted one if that is newer.</summary>
    public long Revision => Math.Max(_base.Compacted, RowId.From(_tail.LastRow).Revision);

    /// <summary>What the anchor is to say once the transaction is durable.</summary>
    public AnchorState Anchor => new(_base.Store, Revision, _tail.Chain);

    /// <summary>How many pages of the write-ahead log are not in the file yet.</summary>
    public int PagesToMove
    {
        get
        {
            raw.sqlite3_db_status(_database, PagesWritten, out var written, out _, resetFlg: 1);
            return _pages += written;
        }
    }

    public void Begin()
    {
        (_baseBefore, _tailBefore) = (_base, _tail);
        Step(_begin);
    }

    /// <summary>Commits the transaction. Returns when all changes since <see cref="Begin"/> are on the disk.</summary>
    public void Commit()
    {
        if (_baseChanged)
        {
            WriteBase();
        }
        Fail(LogStep.Commit);
        Step(_commit);
        Fail(LogStep.Confirm);
    }

    /// <summary>Rolls back all changes since <see cref="Begin"/>, unless SQLite has already done so because of the error.</summary>
    public void Rollback()
    {
        (_base, _tail, _baseChanged) = (_baseBefore, _tailBefore, false);
        if (raw.sqlite3_get_autocommit(_database) == 0)
        {
            Step(_rollback);
        }
    }

    public void Append(StoreChange[] changes)
    {
        Fail(LogStep.Append);
        for (var i = 0; i < changes.Length; i++)
        {
            var change = changes[i];
            var row = new RowId(change.Revision, i);
            var key = Encode(change.Key);
            raw.sqlite3_bind_int64(_insert, 1, row.Value);
            raw.sqlite3_bind_text(_insert, 2, key);
            raw.sqlite3_bind_int64(_insert, 3, change.CreateRevision);
            if (change.Value is not { } value)
            {
                raw.sqlite3_bind_null(_insert, 4);
            }
            else if (value.IsEmpty)
            {
                raw.sqlite3_bind_zeroblob(_insert, 4, 0);
            }
            else
            {
                raw.sqlite3_bind_blob(_insert, 4, value.Span);
            }
            var digest = _digest.Of(row, key, change.CreateRevision, change.Value is null, change.Value.GetValueOrDefault().Span);
            _tail = _tail.Plus(row, digest, _digest.Chain(_tail.Chain, digest));
            raw.sqlite3_bind_int64(_insert, 5, digest);
            raw.sqlite3_bind_int64(_insert, 6, _tail.Chain);
            Step(_insert);
        }
    }

    /// <summary>Deletes a row. Does nothing when it is not there.</summary>
    public void Delete(RowId row)
    {
        raw.sqlite3_bind_int64(_delete, 1, row.Value);
        var result = raw.sqlite3_step(_delete);
        if (result == raw.SQLITE_ROW)
        {
            _tail = _tail.Minus(raw.sqlite3_column_int64(_delete, 0));
            _baseChanged = true;
            result = raw.sqlite3_step(_delete);
        }
        raw.sqlite3_reset(_delete);
        Check(result);
    }

    /// <summary>Makes a revision the compacted one, unless a newer one is.</summary>
    public void SetCompacted(long revision)
    {
        if (revision <= _base.Compacted)
        {
            return;
        }
        raw.sqlite3_bind_int64(_chainAt, 1, new RowId(revision + 1, 0).Value);
        var result = raw.sqlite3_step(_chainAt);
        var chain = result == raw.SQLITE_ROW ? raw.sqlite3_column_int64(_chainAt, 0) : _base.Chain;
        raw.sqlite3_reset(_chainAt);
        if (result != raw.SQLITE_ROW)
        {
            Check(result);
        }
        _base = _base with { Compacted = revision, Chain = chain };
        _baseChanged = true;
    }

    /// <summary>Writes a transaction that changes nothing, to see whether the disk can be written.</summary>
    public void Probe()
    {
        Begin();
        Fail(LogStep.Append);
        _baseChanged = true;
        Commit();
    }

    /// <summary>
    /// Gives at most <paramref name="pages"/> empty pages at the end of the file back to the disk, within a transaction. Returns whether
    /// many are left.
    /// </summary>
    public bool Vacuum(int pages)
    {
        using (var free = Prepare("PRAGMA freelist_count"))
        {
            if (raw.sqlite3_step(free) != raw.SQLITE_ROW || raw.sqlite3_column_int64(free, 0) < pages)
            {
                return false;
            }
        }
        using var vacuum = Prepare($"PRAGMA incremental_vacuum({pages})");
        int result;
        while ((result = raw.sqlite3_step(vacuum)) == raw.SQLITE_ROW) { }
        Check(result);
        // The file itself becomes shorter when the write-ahead log is moved into it.
        WantsCheckpoint = true;
        return true;
    }

    /// <summary>Whether to move the write-ahead log into the file soon, however short it is.</summary>
    public bool WantsCheckpoint { get; private set; }

    /// <summary>Moves the write-ahead log into the file, so that the log starts again at its beginning.</summary>
    public void Checkpoint()
    {
        var result = raw.sqlite3_wal_checkpoint_v2(_database, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out _, out _);
        if (result != raw.SQLITE_OK)
        {
            throw Error(result);
        }
        _ = PagesToMove;
        _pages = 0;
        WantsCheckpoint = false;
    }

    /// <summary>
    /// Verifies all rows and loads them into an empty state. Nothing is written to the file before. Returns the rows that an interrupted
    /// compaction left behind.
    /// </summary>
    /// <param name="state">The state to fill.</param>
    /// <param name="anchor">What was acknowledged, if that is known.</param>
    /// <exception cref="StoreFileException">The file is damaged.</exception>
    public List<RowId> Load(VersionedState state, AnchorState? anchor)
    {
        var verifier = new HistoryVerifier(_base, what => throw StoreFileException.Damaged(_path, what));
        verifier.Expect(anchor);
        var loader = new StateLoader(_path, state, _base.Compacted);
        using var reader = new RowReader(_database, _path);
        while (reader.Read())
        {
            verifier.Row(reader.Row, reader.KeyBytes, reader.CreateRevision, reader.IsDeletion, reader.ValueBytes, reader.Seal);
            loader.Add(reader.Row, reader.Key, reader.CreateRevision, reader.Value);
        }
        var leftovers = loader.Finish();
        verifier.End();
        _tail = verifier.Tail;
        SqliteFile.Trust(_connection);
        return leftovers;
    }

    /// <summary>Finds the end of a file whose rows have been verified by <see cref="Load"/> before it was opened again.</summary>
    public void FindTail()
    {
        var tail = new HistoryTail(_base.Mark, _base.Chain, _base.Rows, _base.Sum);
        using var select = Prepare("SELECT id, digest, chain FROM change WHERE id > ?1 ORDER BY id");
        raw.sqlite3_bind_int64(select, 1, _base.Mark);
        int result;
        while ((result = raw.sqlite3_step(select)) == raw.SQLITE_ROW)
        {
            var row = RowId.From(raw.sqlite3_column_int64(select, 0));
            tail = tail.Plus(row, raw.sqlite3_column_int64(select, 1), raw.sqlite3_column_int64(select, 2));
        }
        Check(result);
        if (tail.LastRow == _base.Mark && RowId.From(_base.Mark).Revision > _base.Compacted)
        {
            raw.sqlite3_bind_int64(_chainAt, 1, _base.Mark + 1);
            tail = tail with { Chain = raw.sqlite3_step(_chainAt) == raw.SQLITE_ROW ? raw.sqlite3_column_int64(_chainAt, 0) : tail.Chain };
            raw.sqlite3_reset(_chainAt);
        }
        _tail = tail;
        SqliteFile.Trust(_connection);
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _begin, _commit, _rollback, _insert, _delete, _rebase, _chainAt })
        {
            statement.Dispose();
        }
        _connection.Dispose();
    }

    /// <summary>Closes the file as it is: without moving the write-ahead log into it.</summary>
    public void Abandon()
    {
        SqliteFile.KeepLogOnClose(_connection, keep: true);
        Dispose();
    }

    private HistoryBase ReadBase()
    {
        var read = HistoryBaseRow.Read(_database, _digest);
        return read ?? throw StoreFileException.Damaged(_path, "what it says about its own history does not match its checksum");
    }

    private void WriteBase()
    {
        _base = _base with { Mark = Math.Max(_tail.LastRow, _base.Mark), Rows = _tail.Rows, Sum = _tail.Sum };
        raw.sqlite3_bind_int64(_rebase, 1, _base.Compacted);
        raw.sqlite3_bind_int64(_rebase, 2, _base.Chain);
        raw.sqlite3_bind_int64(_rebase, 3, _base.Mark);
        raw.sqlite3_bind_int64(_rebase, 4, _base.Rows);
        raw.sqlite3_bind_int64(_rebase, 5, _base.Sum);
        raw.sqlite3_bind_int64(_rebase, 6, _base.Seal(_digest));
        Step(_rebase);
        _baseChanged = false;
    }

    private ReadOnlySpan<byte> Encode(string key)
    {
        var needed = Encoding.UTF8.GetMaxByteCount(key.Length);
        if (_keyBuffer.Length < needed)
        {
            _keyBuffer = new byte[needed];
        }

        return _keyBuffer.AsSpan(0, Encoding.UTF8.GetBytes(key, _keyBuffer));
    }

    private sqlite3_stmt Prepare(string sql)
    {
        var result = raw.sqlite3_prepare_v2(_database, sql, out var statement);
        return result == raw.SQLITE_OK ? statement : throw Error(result);
    }

    private void Step(sqlite3_stmt statement)
    {
        var result = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement);
        Check(result);
    }

    private void Check(int result)
    {
        if (result != raw.SQLITE_DONE)
        {
            throw Error(result);
        }
    }

    private void Fail(LogStep step)
    {
        if (_faults?.Invoke(step) is { } code and not 0)
        {
            throw new StoreFileException(_path, $"a test lets it fail with SQLite error {code}.") { Code = code };
        }
    }

    private StoreFileException Error(int result) => StoreFileException.Of(_path, _database, result);
}
