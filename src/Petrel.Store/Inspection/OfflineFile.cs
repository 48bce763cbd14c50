using Microsoft.Data.Sqlite;
using Petrel.Store.Sqlite;
using SQLitePCL;

namespace Petrel.Store.Inspection;

/// <summary>
/// A store's file, opened to be read only: neither the file nor its write-ahead log changes. It is locked meanwhile, unless its disk is
/// read-only.
/// </summary>
internal sealed class OfflineFile : IDisposable
{
    private readonly string _path;
    private readonly bool _hadLog;

    /// <exception cref="StoreFileException">Another process has the file, or it can't be opened.</exception>
    public OfflineFile(string path)
    {
        _path = path;
        _hadLog = File.Exists(path + "-wal");
        try
        {
            Connection = Open($"Data Source={path};Pooling=False;Mode=ReadWrite;Default Timeout=1", locked: true);
        }
        catch (SqliteException error) when (IsUnwritable(error))
        {
            Connection = Open($"Data Source=file:{Uri.EscapeDataString(path)}?mode=ro&immutable=1;Pooling=False", locked: false);
        }
        catch (SqliteException error)
        {
            throw Explain(error);
        }
    }

    public SqliteConnection Connection { get; }

    public sqlite3 Database => Connection.Handle!;

    public void Dispose()
    {
        Connection.Dispose();
        if (!_hadLog && new FileInfo(_path + "-wal") is { Exists: true, Length: 0 } made)
        {
            made.Delete();
        }
    }

    private static bool IsUnwritable(SqliteException error) =>
        error.SqliteErrorCode is raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM;

    private static SqliteConnection Open(string connection, bool locked)
    {
        var opened = new SqliteConnection(connection);
        try
        {
            opened.Open();
            SqliteFile.KeepLogOnClose(opened, keep: true);
            if (locked)
            {
                opened.Run("PRAGMA locking_mode = EXCLUSIVE");
            }
            opened.Read("SELECT count(*) FROM sqlite_schema");
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private StoreFileException Explain(SqliteException error) =>
        error.SqliteErrorCode is raw.SQLITE_BUSY or raw.SQLITE_LOCKED
            ? new(_path, "it is in use by another process: stop that one first.", error)
            : StoreFileException.Damaged(_path, error.Message.TrimEnd('.'));
}
