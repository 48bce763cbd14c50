using Petrel.Store.Sqlite.Integrity;
using Petrel.Store.Versions;
using SQLitePCL;

namespace Petrel.Store.Sqlite;

/// <summary>Reads the rows of a store's file in their order, or backwards.</summary>
internal sealed class RowReader : IDisposable
{
    private readonly sqlite3 _database;
    private readonly string _path;
    private readonly sqlite3_stmt _select;

    /// <exception cref="StoreFileException">The file can't be read.</exception>
    public RowReader(sqlite3 database, string path, bool backwards = false, bool isSealed = true)
    {
        (_database, _path) = (database, path);
        var sql =
            $"SELECT id, key, create_revision, value, {(isSealed ? "digest, chain" : "0, 0")} FROM change "
            + $"ORDER BY id {(backwards ? "DESC" : "ASC")}";
        var result = raw.sqlite3_prepare_v2(database, sql, out _select);
        if (result != raw.SQLITE_OK)
        {
            throw StoreFileException.Of(path, database, result);
        }
    }

    public RowId Row => RowId.From(raw.sqlite3_column_int64(_select, 0));
    public ReadOnlySpan<byte> KeyBytes => raw.sqlite3_column_blob(_select, 1);
    public string Key => raw.sqlite3_column_text(_select, 1).utf8_to_string();
    public long CreateRevision => raw.sqlite3_column_int64(_select, 2);
    public bool IsDeletion => raw.sqlite3_column_type(_select, 3) == raw.SQLITE_NULL;
    public ReadOnlySpan<byte> ValueBytes => raw.sqlite3_column_blob(_select, 3);

    /// <summary>A copy of the value; null for a deletion.</summary>
    public ReadOnlyMemory<byte>? Value => IsDeletion ? (ReadOnlyMemory<byte>?)null : ValueBytes.ToArray();

    public RowSeal Seal => new(raw.sqlite3_column_int64(_select, 4), raw.sqlite3_column_int64(_select, 5));

    /// <summary>Advances to the next row. False after the last one.</summary>
    /// <exception cref="StoreFileException">The file can't be read.</exception>
    public bool Read()
    {
        var result = raw.sqlite3_step(_select);
        return result switch
        {
            raw.SQLITE_ROW => true,
            raw.SQLITE_DONE => false,
            _ => throw StoreFileException.Of(_path, _database, result),
        };
    }

    public void Dispose() => _select.Dispose();
}
