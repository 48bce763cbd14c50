using Microsoft.Data.Sqlite;

namespace Petrel.Store.Sqlite;

/// <summary>
/// Opens a store's file for one process: creates it with mode 0600, takes its exclusive lock, and checks that it is a store of a
/// format that this program knows.
/// </summary>
internal static class SqliteFile
{
    /// <summary>The format that this program writes, kept as SQLite's user version.</summary>
    public const int Format = 1;

    // "PTRL": marks the file as a store, as file(1) sees it.
    private const int ApplicationId = 0x5054524C;

    // The write-ahead log goes into the file at this many pages (32 MiB): rarely under load, soon enough for a quick restart.
    private const int CheckpointPages = 8192;

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
        // SQLite gives its log the file's own mode.
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
            // Exclusive from the first access on: no second process, and no shared memory between us and nobody.
            Run(connection, "PRAGMA locking_mode = EXCLUSIVE");
            var isNew = Read(connection, "SELECT count(*) FROM sqlite_schema") == 0;
            if (!isNew)
            {
                CheckFormat(connection, path);
            }

            Run(connection, "PRAGMA journal_mode = WAL");
            Run(connection, "PRAGMA synchronous = FULL");
            Run(connection, $"PRAGMA wal_autocheckpoint = {CheckpointPages}");
            // Takes the lock now, not at the first write.
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
        // The id orders changes as they were made (RowId), so that rows are only ever appended; a deletion has no value.
        Run(connection, "CREATE TABLE change (id INTEGER PRIMARY KEY, key TEXT NOT NULL, create_revision INTEGER NOT NULL, value BLOB)");
        Run(connection, "CREATE TABLE compaction (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL)");
        Run(connection, "INSERT INTO compaction VALUES (1, 0)");
    }

    private static StoreFileException Explain(string path, SqliteException error) =>
        new(
            path,
            error.SqliteErrorCode switch
            {
                SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED => "it is in use by another process: stop that one first.",
                SQLitePCL.raw.SQLITE_NOTADB => "it is not a store.",
                SQLitePCL.raw.SQLITE_CORRUPT => "it is damaged: restore it from a backup.",
                _ => error.Message,
            },
            error
        );

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

/// <summary>The store's file can't be used; the message says why and what to do.</summary>
public sealed class StoreFileException(string path, string reason, Exception? inner = null)
    : IOException($"Can't use the store '{path}': {reason}", inner)
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;
}
