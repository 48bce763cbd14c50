using Microsoft.Data.Sqlite;
using Petrel.Store.Sqlite.Integrity;
using SQLitePCL;

namespace Petrel.Store.Sqlite;

/// <summary>
/// Opens a store's file for one process: creates it with mode 0600, takes an exclusive lock, and checks that it is a store in a
/// supported format. Nothing of an existing file changes before <see cref="Trust"/>, except that its format is brought up to date.
/// </summary>
internal static class SqliteFile
{
    // SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE.
    private const int NoCheckpointOnClose = 1006;

    // How long the write-ahead log's file stays while it is empty: a whole one (DiskReserve), because a write that does not make the file
    // longer is flushed without a commit of the file system's journal.
    private const int LogBytesKept = 40 << 20;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <exception cref="StoreFileException">The file is in use, lost, damaged, not a store, or of a newer format.</exception>
    public static SqliteConnection Open(string path)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        RequireWhatWasWritten(path);
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
            KeepLogOnClose(connection, keep: true);
            // Lock the file from the first access on. Other processes can't open it, and SQLite needs no shared memory.
            connection.Run("PRAGMA locking_mode = EXCLUSIVE");
            var isNew = connection.Read("SELECT count(*) FROM sqlite_schema") == 0;
            if (isNew)
            {
                if (HistoryAnchor.Exists(path))
                {
                    throw Lost(path, "empty");
                }
                // Empty pages are given back to the disk step by step.
                connection.Run("PRAGMA auto_vacuum = INCREMENTAL");
                connection.Run("PRAGMA journal_mode = WAL");
            }
            else
            {
                CheckFormat(connection, path);
            }

            connection.Run("PRAGMA synchronous = FULL");
            // The log checkpoints itself, because SQLite would ignore that the disk is too full for it.
            connection.Run("PRAGMA wal_autocheckpoint = 0");
            connection.Run($"PRAGMA journal_size_limit = {LogBytesKept}");
            var isOld = !isNew && connection.Read("PRAGMA user_version") < SqliteSchema.Format;
            // Take the lock now, not at the first write.
            connection.Run("BEGIN IMMEDIATE");
            if (isNew)
            {
                SqliteSchema.Create(connection);
            }
            else if (isOld)
            {
                Upgrade(connection, path);
            }

            connection.Run("COMMIT");
            if (isOld)
            {
                AllowVacuum(connection);
            }
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

    /// <summary>The file is verified: from now on closing it moves the write-ahead log into it.</summary>
    public static void Trust(SqliteConnection connection)
    {
        try
        {
            // A copy that other tools made may have another mode.
            connection.Run("PRAGMA journal_mode = WAL");
        }
        catch (SqliteException error)
        {
            throw Explain(connection.DataSource, error);
        }
        KeepLogOnClose(connection, keep: false);
    }

    /// <summary>Whether closing the connection leaves the write-ahead log as it is, or moves it into the file.</summary>
    public static void KeepLogOnClose(SqliteConnection connection, bool keep) =>
        raw.sqlite3_db_config(connection.Handle!, NoCheckpointOnClose, keep ? 1 : 0, out _);

    /// <exception cref="StoreFileException">The file was written once, and is not there or empty.</exception>
    private static void RequireWhatWasWritten(string path)
    {
        var file = new FileInfo(path);
        var hasLog = new FileInfo(path + "-wal") is { Exists: true, Length: > 0 };
        if (!(file is { Exists: true, Length: > 0 }) && (hasLog || HistoryAnchor.Exists(path)))
        {
            throw Lost(path, file.Exists ? "empty" : "missing");
        }
    }

    private static StoreFileException Lost(string path, string how) =>
        new(path, $"it is {how}, and the files beside it say that it was written. Restore it from a backup.") { IsDamage = true };

    private static void CheckFormat(SqliteConnection connection, string path)
    {
        if (connection.Read("PRAGMA application_id") != SqliteSchema.ApplicationId)
        {
            throw new StoreFileException(path, "it is an SQLite database, but not a store.");
        }

        var format = connection.Read("PRAGMA user_version");
        if (format > SqliteSchema.Format)
        {
            throw new StoreFileException(
                path,
                $"its format is {format}, and this program knows formats up to {SqliteSchema.Format}: use the newer program that wrote it."
            );
        }
    }

    private static void Upgrade(SqliteConnection connection, string path)
    {
        // Older formats had no anchor and no checksums, so a file that has them says the wrong format.
        if (HistoryAnchor.Exists(path) || connection.Read("SELECT count(*) FROM pragma_table_info('change') WHERE name = 'digest'") > 0)
        {
            throw StoreFileException.Damaged(path, "its format does not fit its content");
        }
        SqliteSchema.Upgrade(connection, path);
    }

    // Older files give no space back until they are written anew. One that finds no room for that goes on as before.
    private static void AllowVacuum(SqliteConnection connection)
    {
        try
        {
            connection.Run("PRAGMA auto_vacuum = INCREMENTAL");
            connection.Run("VACUUM");
        }
        catch (SqliteException error) when (error.SqliteErrorCode is raw.SQLITE_FULL or raw.SQLITE_IOERR)
        {
            // The upgrade itself is done.
        }
    }

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
            IsDamage = error.SqliteErrorCode is raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT,
        };
}
