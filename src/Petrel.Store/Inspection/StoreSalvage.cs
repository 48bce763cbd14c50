using Microsoft.Data.Sqlite;
using Petrel.Store.Sqlite;
using Petrel.Store.Sqlite.Integrity;
using Petrel.Store.Versions;

namespace Petrel.Store.Inspection;

/// <summary>
/// Replaces a damaged store with one that holds the newest intact version of each key. The damaged files are kept beside it.
/// </summary>
public static class StoreSalvage
{
    // Revisions go on after all that may have been acknowledged, so that no client takes a new revision for an old one.
    private const long RevisionGap = 1000;

    private static readonly string[] Files = ["", "-wal", "-anchor"];

    /// <summary>Salvages a store that no process uses. Returns null when there is no damage: then nothing changes.</summary>
    /// <exception cref="StoreFileException">Another process uses the store.</exception>
    public static SalvageResult? Run(string path)
    {
        path = Path.GetFullPath(path);
        var report = StoreCheck.Run(path);
        if (report.IsIntact)
        {
            return null;
        }
        var (kept, newest) = Collect(path);
        var revision = Math.Max(Math.Max(newest, report.Revision), report.AcknowledgedRevision ?? 0) + RevisionGap;
        var fresh = path + ".new";
        Delete(fresh);
        Write(fresh, kept.Values, revision);
        var aside = Aside(path);
        foreach (var file in Files.Where(f => File.Exists(path + f)))
        {
            File.Move(path + file, aside + file);
        }
        File.Move(fresh, path);
        return new(report, kept.Count, revision, aside);
    }

    // The newest intact version of each key, from both ends of the file if its middle can't be read.
    private static (SortedDictionary<string, Version> Kept, long Newest) Collect(string path)
    {
        var kept = new SortedDictionary<string, Version>(StringComparer.Ordinal);
        if (new FileInfo(path) is not { Exists: true, Length: > 0 })
        {
            return (kept, 0);
        }
        var newest = 0L;
        try
        {
            using var file = new OfflineFile(path);
            var isSealed = file.Connection.Read("PRAGMA user_version") != 1;
            var last = Collect(file, path, backwards: false, isSealed, until: long.MaxValue, kept);
            newest = RowId.From(last).Revision;
            _ = Collect(file, path, backwards: true, isSealed, until: last, kept);
            newest = kept.Values.Select(v => v.Row.Revision).Append(newest).Max();
        }
        catch (Exception e) when (e is StoreFileException { IsDamage: true } or SqliteException)
        {
            // What could be read is kept.
        }
        foreach (var gone in kept.Where(k => k.Value.Value is null).Select(k => k.Key).ToList())
        {
            kept.Remove(gone);
        }
        return (kept, newest);
    }

    // Returns the last row that was read.
    private static long Collect(
        OfflineFile file,
        string path,
        bool backwards,
        bool isSealed,
        long until,
        SortedDictionary<string, Version> kept
    )
    {
        var digest = new RowDigest();
        var last = 0L;
        try
        {
            using var reader = new RowReader(file.Database, path, backwards, isSealed);
            while (reader.Read() && !(backwards && reader.Row.Value <= until))
            {
                last = reader.Row.Value;
                var found = digest.Of(reader.Row, reader.KeyBytes, reader.CreateRevision, reader.IsDeletion, reader.ValueBytes);
                if ((!isSealed || found == reader.Seal.Digest) && !(kept.GetValueOrDefault(reader.Key)?.Row.Value > reader.Row.Value))
                {
                    kept[reader.Key] = new(reader.Row, reader.Key, reader.CreateRevision, reader.Value);
                }
            }
        }
        catch (StoreFileException)
        {
            // The file can't be read beyond this row from this end.
        }
        return last;
    }

    private static void Write(string path, IEnumerable<Version> versions, long revision)
    {
        using var connection = SqliteFile.Open(path);
        var digest = new RowDigest();
        connection.Run("BEGIN IMMEDIATE");
        var start = HistoryBase.Empty(connection.Read("SELECT store FROM compaction"), digest);
        var tail = new HistoryTail(0, start.Chain, 0, 0);
        using var insert = connection.CreateCommand();
        insert.CommandText =
            "INSERT INTO change (id, key, create_revision, value, digest, chain) VALUES ($id, $key, $created, $value, $digest, $chain)";
        foreach (var version in versions.OrderBy(v => v.Row.Value))
        {
            var key = System.Text.Encoding.UTF8.GetBytes(version.Key);
            var one = digest.Of(version.Row, key, version.CreateRevision, isDeletion: false, version.Value!.Value.Span);
            tail = tail.Plus(version.Row, one, digest.Chain(tail.Chain, one));
            insert.Parameters.Clear();
            insert.Parameters.AddWithValue("$id", version.Row.Value);
            insert.Parameters.AddWithValue("$key", version.Key);
            insert.Parameters.AddWithValue("$created", version.CreateRevision);
            insert.Parameters.AddWithValue("$value", version.Value.Value.ToArray());
            insert.Parameters.AddWithValue("$digest", one);
            insert.Parameters.AddWithValue("$chain", tail.Chain);
            insert.ExecuteNonQuery();
        }
        start = start with { Compacted = revision, Chain = tail.Chain, Mark = tail.LastRow, Rows = tail.Rows, Sum = tail.Sum };
        SqliteSchema.WriteBase(connection, start, digest);
        connection.Run("COMMIT");
        SqliteFile.Trust(connection);
    }

    private static string Aside(string path)
    {
        for (var number = 1; ; number++)
        {
            var aside = $"{path}.damaged-{number}";
            if (!Files.Any(f => File.Exists(aside + f)))
            {
                return aside;
            }
        }
    }

    private static void Delete(string path)
    {
        foreach (var file in Files)
        {
            File.Delete(path + file);
        }
    }

    private sealed record Version(RowId Row, string Key, long CreateRevision, ReadOnlyMemory<byte>? Value);
}

/// <summary>What was salvaged.</summary>
/// <param name="Report">What was damaged.</param>
/// <param name="Keys">How many keys were kept.</param>
/// <param name="Revision">The revision after which the store goes on.</param>
/// <param name="DamagedFile">Where the damaged file is kept; the files beside it have the same beginning.</param>
public sealed record SalvageResult(StoreReport Report, int Keys, long Revision, string DamagedFile);
