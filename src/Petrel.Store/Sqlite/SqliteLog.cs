using System.Text;
using Microsoft.Data.Sqlite;
using Petrel.Store.Versions;
using SQLitePCL;

namespace Petrel.Store.Sqlite;

/// <summary>
/// The durable part of the store: one row for each change, in order. Statements are prepared once, and values are bound without copies,
/// because every write takes this path. Calls block. Only one thread may use it at a time.
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
        _compact,
        _probe;
    private byte[] _keyBuffer = new byte[512];

    // Pages in the write-ahead log that are not in the file yet, without those of _database's own count.
    private int _pages;

    /// <param name="path">The file.</param>
    /// <param name="faults">Lets the disk fail in tests: the SQLite error of a step, or 0.</param>
    public SqliteLog(string path, Func<LogStep, int>? faults = null)
    {
        (_path, _faults) = (path, faults);
        Fail(LogStep.Open);
        _connection = SqliteFile.Open(path);
        _database = _connection.Handle!;
        _begin = Prepare("BEGIN IMMEDIATE");
        _commit = Prepare("COMMIT");
        _rollback = Prepare("ROLLBACK");
        _insert = Prepare("INSERT INTO change (id, key, create_revision, value) VALUES (?1, ?2, ?3, ?4)");
        _delete = Prepare("DELETE FROM change WHERE id = ?1");
        _compact = Prepare("UPDATE compaction SET revision = max(revision, ?1)");
        _probe = Prepare("UPDATE compaction SET revision = revision");
        var log = new FileInfo(path + "-wal");
        _pages = log.Exists ? (int)(log.Length / PageBytes) : 0;
    }

    public void Begin() => Step(_begin);

    /// <summary>Commits the transaction. Returns when all changes since <see cref="Begin"/> are on the disk.</summary>
    public void Commit()
    {
        Fail(LogStep.Commit);
        Step(_commit);
        Fail(LogStep.Confirm);
    }

    /// <summary>Rolls back all changes since <see cref="Begin"/>, unless SQLite has already done so because of the error.</summary>
    public void Rollback()
    {
        if (raw.sqlite3_get_autocommit(_database) == 0)
        {
            Step(_rollback);
        }
    }

    /// <summary>Writes a transaction that changes nothing, to see whether the disk can be written.</summary>
    public void Probe()
    {
        Begin();
        Fail(LogStep.Append);
        Step(_probe);
        Commit();
    }

    /// <summary>How many pages of the write-ahead log are not in the file yet.</summary>
    public int PagesToMove
    {
        get
        {
            raw.sqlite3_db_status(_database, PagesWritten, out var written, out _, resetFlg: 1);
            return _pages += written;
        }
    }

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
    }

    /// <summary>The newest revision of which the file has changes, or the compacted one if that is newer.</summary>
    public long NewestRevision()
    {
        var compacted = ReadCompacted();
        using var select = Prepare("SELECT max(id) FROM change");
        var result = raw.sqlite3_step(select);
        if (result != raw.SQLITE_ROW)
        {
            throw Error(result);
        }
        return Math.Max(compacted, RowId.From(raw.sqlite3_column_int64(select, 0)).Revision);
    }

    public void Append(StoreChange[] changes)
    {
        Fail(LogStep.Append);
        for (var i = 0; i < changes.Length; i++)
        {
            var change = changes[i];
            raw.sqlite3_bind_int64(_insert, 1, new RowId(change.Revision, i).Value);
            raw.sqlite3_bind_text(_insert, 2, Encode(change.Key));
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

            Step(_insert);
        }
    }

    public void Delete(RowId row)
    {
        raw.sqlite3_bind_int64(_delete, 1, row.Value);
        Step(_delete);
    }

    public void SetCompacted(long revision)
    {
        raw.sqlite3_bind_int64(_compact, 1, revision);
        Step(_compact);
    }

    /// <summary>Loads all rows into an empty state. Returns those that an interrupted compaction left behind.</summary>
    public List<RowId> Load(VersionedState state)
    {
        List<RowId> leftovers = [];
        var compacted = ReadCompacted();
        var select = Prepare("SELECT id, key, create_revision, value FROM change ORDER BY id");
        var changes = new List<StoreChange>();
        var loaded = false;
        while (raw.sqlite3_step(select) is var result && result != raw.SQLITE_DONE)
        {
            if (result != raw.SQLITE_ROW)
            {
                throw Error(result);
            }

            var row = RowId.From(raw.sqlite3_column_int64(select, 0));
            var key = raw.sqlite3_column_text(select, 1).utf8_to_string();
            var createRevision = raw.sqlite3_column_int64(select, 2);
            ReadOnlyMemory<byte>? value = null;
            if (raw.sqlite3_column_type(select, 3) != raw.SQLITE_NULL)
            {
                value = raw.sqlite3_column_blob(select, 3).ToArray();
            }

            if (row.Revision <= compacted)
            {
                state.Restore(key, row, value is { } bytes ? new StoreEntry(key, bytes, createRevision, row.Revision) : null);
                continue;
            }
            if (!loaded)
            {
                FinishBase();
            }

            if (changes.Count > 0 && changes[0].Revision != row.Revision)
            {
                ApplyRevision();
            }

            if (row != new RowId(state.Current + 1, changes.Count))
            {
                throw new StoreFileException(_path, $"it is damaged: revision {state.Current + 1} is not whole. Restore it from a backup.");
            }

            var previous = state.Get(key);
            if (createRevision != (previous?.CreateRevision ?? row.Revision))
            {
                throw new StoreFileException(
                    _path,
                    $"it is damaged: revision {row.Revision} does not fit {key}. Restore it from a backup."
                );
            }

            changes.Add(new StoreChange(key, row.Revision, value, createRevision, previous?.Value));
        }
        if (!loaded)
        {
            FinishBase();
        }

        if (changes.Count > 0)
        {
            ApplyRevision();
        }

        select.Dispose();
        return leftovers;

        void FinishBase()
        {
            loaded = true;
            leftovers = state.StartAfter(compacted);
        }

        void ApplyRevision()
        {
            state.Apply([
                [.. changes],
            ]);
            changes.Clear();
        }
    }

    public void Dispose()
    {
        foreach (var statement in new[] { _begin, _commit, _rollback, _insert, _delete, _compact, _probe })
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

    private long ReadCompacted()
    {
        using var select = Prepare("SELECT revision FROM compaction");
        var result = raw.sqlite3_step(select);
        if (result != raw.SQLITE_ROW)
        {
            throw Error(result);
        }

        return raw.sqlite3_column_int64(select, 0);
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

    private StoreFileException Error(int result) =>
        new(
            _path,
            raw.sqlite3_errmsg(_database).utf8_to_string() is { Length: > 0 } message
                ? $"{message} (SQLite error {result})."
                : $"SQLite error {result}."
        )
        {
            Code = result,
        };
}
