using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Petrel.Store.Sqlite;

/// <summary>
/// Opens a store's file for one process: creates it with mode 0600, takes an exclusive lock, and checks that it is a store in a
/// supported format.
/// </summary>
internal static class SqliteFile
{
    /// <summary>The format that this program writes, stored as SQLite's user version.</summary>
    public const int Format = 1;

    // "PTRL": SQLite's application ID, by which file(1) identifies the file as a store.
    private const int ApplicationId = 0x5054524C;

    // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE.
    private const int NoCheckpointOnClose = 1006;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="StoreFileException">The file is in use, damaged, not a store, or of a newer format.</exception>
    public static SqliteConnection Open(string path)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path))
        {
            using var created = new FileStream(
                path,
                new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.Write,
                    Share = FileShare.ReadWrite,
                    UnixCreateMode = OwnerOnly,
                }
            );
        }
        // SQLite creates its log with the file's mode.
        File.SetUnixFileMode(path, OwnerOnly);

        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Mode = SqliteOpenMode.ReadWrite,
                Pooling = false,
                DefaultTimeout = 1,
            }.ToString()
        );
        try
        {
            connection.Open();
            // Lock the file from the first access on. Other processes can't open it, and SQLite needs no shared memory.
            Run(connection, "PRAGMA locking_mode = EXCLUSIVE");
            var isNew = Read(connection, "SELECT count(*) FROM sqlite_schema") == 0;
            if (!isNew)
            {
                CheckFormat(connection, path);
            }

            Run(connection, "PRAGMA journal_mode = WAL");
            Run(connection, "PRAGMA synchronous = FULL");
            // The log checkpoints itself, because SQLite would ignore that the disk is too full for it.
            Run(connection, "PRAGMA wal_autocheckpoint = 0");
            // Take the lock now, not at the first write.
            Run(connection, "BEGIN IMMEDIATE");
            if (isNew)
            {
                CreateSchema(connection);
            }

            Run(connection, "COMMIT");
            return connection;
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw Explain(path, error);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void CheckFormat(SqliteConnection connection, string path)
    {
        if (Read(connection, "PRAGMA application_id") != ApplicationId)
        {
            throw new StoreFileException(path, "it is an SQLite database, but not a store.");
        }

        var format = Read(connection, "PRAGMA user_version");
        if (format > Format)
        {
            throw new StoreFileException(
                path,
                $"its format is {format}, and this program knows formats up to {Format}: use the newer program that wrote it."
            );
        }
    }

    private static void CreateSchema(SqliteConnection connection)
    {
        Run(connection, $"PRAGMA application_id = {ApplicationId}");
        Run(connection, $"PRAGMA user_version = {Format}");
        // The ID (RowId) increases with every change, so that rows are only ever appended. A deletion has no value.
        Run(connection, "CREATE TABLE change (id INTEGER PRIMARY KEY, key TEXT NOT NULL, create_revision INTEGER NOT NULL, value BLOB)");
        Run(connection, "CREATE TABLE compaction (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL)");
        Run(connection, "INSERT INTO compaction VALUES (1, 0)");
    }

    /// <summary>Whether closing the connection leaves the write-ahead log as it is, or moves it into the file.</summary>
    public static void KeepLogOnClose(SqliteConnection connection, bool keep) =>
        raw.sqlite3_db_config(connection.Handle!, NoCheckpointOnClose, keep ? 1 : 0, out _);

    private static StoreFileException Explain(string path, SqliteException error) =>
        new(
            path,
            error.SqliteErrorCode switch
            {
                raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "it is in use by another process: stop that one first.",
                raw.SQLITE_NOTADB => "it is not a store.",
                raw.SQLITE_CORRUPT => "it is damaged: restore it from a backup.",
                _ => error.Message,
            },
            error
        )
        {
            Code = error.SqliteErrorCode,
        };

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static long Read(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}

/// <summary>The store's file can't be used. The message explains why and what to do.</summary>
public sealed class StoreFileException(string path, string reason, Exception? inner = null)
    : IOException($"Can't use the store '{path}': {reason}", inner)
{
    /// <summary>The path of the file.</summary>
    public string Path { get; } = path;

    /// <summary>The code of the SQLite error; 0 when it was none.</summary>
    internal int Code { get; init; }

    internal bool IsFull => (Code & 0xFF) == raw.SQLITE_FULL;
}
