using Petrel.Store.Sqlite.Integrity;
using SQLitePCL;

namespace Petrel.Store.Sqlite;

/// <summary>Reads the sealed row in which a store's file describes its own history.</summary>
internal static class HistoryBaseRow
{
    /// <summary>Reads the row; null when it is missing or does not match its checksum.</summary>
    public static HistoryBase? Read(sqlite3 database, RowDigest digest)
    {
        const string Sql = "SELECT store, revision, chain, mark, rows, sum, seal FROM compaction WHERE id = 1";
        if (raw.sqlite3_prepare_v2(database, Sql, out var select) != raw.SQLITE_OK)
        {
            return null;
        }
        using (select)
        {
            if (raw.sqlite3_step(select) != raw.SQLITE_ROW)
            {
                return null;
            }
            var read = new HistoryBase(
                raw.sqlite3_column_int64(select, 0),
                raw.sqlite3_column_int64(select, 1),
                raw.sqlite3_column_int64(select, 2),
                raw.sqlite3_column_int64(select, 3),
                raw.sqlite3_column_int64(select, 4),
                raw.sqlite3_column_int64(select, 5)
            );
            return read.Seal(digest) == raw.sqlite3_column_int64(select, 6) ? read : null;
        }
    }
}
