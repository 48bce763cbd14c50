using SQLitePCL;

namespace Petrel.Store.Sqlite;

/// <summary>The store's file can't be used. The message explains why and what to do.</summary>
public sealed class StoreFileException(string path, string reason, Exception? inner = null)
    : IOException($"Can't use the store '{path}': {reason}", inner)
{
    /// <summary>The path of the file.</summary>
    public string Path { get; } = path;

    /// <summary>Whether the file, or a part of it, is lost. A backup helps.</summary>
    public bool IsDamage { get; init; }

    /// <summary>The code of the SQLite error; 0 when it was none.</summary>
    internal int Code { get; init; }

    internal bool IsFull => (Code & 0xFF) == raw.SQLITE_FULL;

    /// <summary>The file is damaged. <paramref name="what"/> is a sentence without its full stop.</summary>
    internal static StoreFileException Damaged(string path, string what) =>
        new(path, $"it is damaged: {what}. Restore it from a backup.") { IsDamage = true };

    /// <summary>An error of SQLite.</summary>
    internal static StoreFileException Of(string path, sqlite3 database, int code)
    {
        var message = raw.sqlite3_errmsg(database).utf8_to_string() is { Length: > 0 } text ? text : "it failed";
        return (code & 0xFF) is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB
            ? new(path, $"it is damaged: {message}. Restore it from a backup.") { Code = code, IsDamage = true }
            : new(path, $"{message} (SQLite error {code}).") { Code = code };
    }
}
