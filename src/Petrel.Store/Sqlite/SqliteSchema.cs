using Microsoft.Data.Sqlite;
using Petrel.Store.Sqlite.Integrity;
using Petrel.Store.Versions;
using SQLitePCL;

namespace Petrel.Store.Sqlite;

/// <summary>The tables of a store's file, and how files of older formats come to them.</summary>
internal static class SqliteSchema
{
    /// <summary>The format that this program writes, stored as SQLite's user version. Format 1 had no checksums.</summary>
    public const int Format = 2;

    /// <summary>"PTRL": SQLite's application ID, by which file(1) identifies the file as a store.</summary>
    public const int ApplicationId = 0x5054524C;

    /// <summary>Creates the tables, within a transaction.</summary>
    public static void Create(SqliteConnection connection)
    {
        connection.Run($"PRAGMA application_id = {ApplicationId}");
        // The ID (RowId) increases with every change, so that rows are only ever appended. A deletion has no value.
        connection.Run(
            "CREATE TABLE change (id INTEGER PRIMARY KEY, key TEXT NOT NULL, create_revision INTEGER NOT NULL, value BLOB, "
                + "digest INTEGER NOT NULL DEFAULT 0, chain INTEGER NOT NULL DEFAULT 0)"
        );
        connection.Run("CREATE TABLE compaction (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL)");
        connection.Run("INSERT INTO compaction VALUES (1, 0)");
        AddBase(connection);
        var digest = new RowDigest();
        WriteBase(connection, HistoryBase.Empty(NewStore(connection), digest), digest);
        connection.Run($"PRAGMA user_version = {Format}");
    }

    /// <summary>Gives a file of format 1 its checksums, within a transaction.</summary>
    public static void Upgrade(SqliteConnection connection, string path)
    {
        connection.Run("ALTER TABLE change ADD COLUMN digest INTEGER NOT NULL DEFAULT 0");
        connection.Run("ALTER TABLE change ADD COLUMN chain INTEGER NOT NULL DEFAULT 0");
        AddBase(connection);
        var digest = new RowDigest();
        var compacted = connection.Read("SELECT revision FROM compaction");
        var start = HistoryBase.Empty(NewStore(connection), digest) with { Compacted = compacted };
        var tail = new HistoryTail(0, start.Chain, 0, 0);
        using var update = connection.CreateCommand();
        update.CommandText = "UPDATE change SET digest = $digest, chain = $chain WHERE id = $id";
        var (id, sum, chain) = (
            update.Parameters.Add("$id", SqliteType.Integer),
            update.Parameters.Add("$digest", SqliteType.Integer),
            update.Parameters.Add("$chain", SqliteType.Integer)
        );
        var rows = new List<(RowId Row, long Digest, long Chain)>();
        using (var reader = new RowReader(connection.Handle!, path))
        {
            while (reader.Read())
            {
                var row = reader.Row;
                var one = digest.Of(row, reader.KeyBytes, reader.CreateRevision, reader.IsDeletion, reader.ValueBytes);
                tail = tail.Plus(row, one, digest.Chain(tail.Chain, one));
                if (row.Revision <= compacted)
                {
                    start = start with { Chain = tail.Chain };
                }
                rows.Add((row, one, tail.Chain));
            }
        }
        foreach (var (row, one, after) in rows)
        {
            (id.Value, sum.Value, chain.Value) = (row.Value, one, after);
            update.ExecuteNonQuery();
        }
        WriteBase(connection, start with { Mark = tail.LastRow, Rows = tail.Rows, Sum = tail.Sum }, digest);
        connection.Run($"PRAGMA user_version = {Format}");
    }

    /// <summary>Writes what the file says about itself.</summary>
    public static void WriteBase(SqliteConnection connection, HistoryBase start, RowDigest digest) =>
        connection.Run(
            $"UPDATE compaction SET store = {start.Store}, revision = {start.Compacted}, chain = {start.Chain}, mark = {start.Mark}, "
                + $"rows = {start.Rows}, sum = {start.Sum}, seal = {start.Seal(digest)}"
        );

    private static void AddBase(SqliteConnection connection)
    {
        foreach (var column in new[] { "store", "chain", "mark", "rows", "sum", "seal" })
        {
            connection.Run($"ALTER TABLE compaction ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0");
        }
    }

    private static long NewStore(SqliteConnection connection) => connection.Read("SELECT random()");
}

/// <summary>Short ways to run SQL.</summary>
internal static class SqliteCommands
{
    public static void Run(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long Read(this SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long number ? number : throw new SqliteException($"'{sql}' has no result", raw.SQLITE_CORRUPT);
    }
}
