using Microsoft.Data.Sqlite;
using Petrel.Store.Sqlite;
using Petrel.Store.Sqlite.Integrity;

namespace Petrel.Store.Inspection;

/// <summary>Verifies a store that no process uses, without changing it.</summary>
public static class StoreCheck
{
    private const int MaxDamages = 100;

    /// <exception cref="StoreFileException">Another process uses the store.</exception>
    public static StoreReport Run(string path)
    {
        path = Path.GetFullPath(path);
        var damages = new List<string>();
        var report = new StoreReport { Path = path, Damages = damages };
        AnchorState? anchor = null;
        try
        {
            anchor = HistoryAnchor.Read(path);
            report = report with { AcknowledgedRevision = anchor?.Revision };
        }
        catch (InvalidDataException e)
        {
            damages.Add($"the anchor is damaged: {e.Message}");
        }
        if (new FileInfo(path) is not { Exists: true, Length: > 0 })
        {
            damages.Add(File.Exists(path) ? "the file is empty" : "the file is missing");
            return report;
        }
        try
        {
            using var file = new OfflineFile(path);
            return Read(file, report, anchor, damages);
        }
        catch (StoreFileException e) when (e.IsDamage)
        {
            damages.Add(e.Message);
        }
        catch (SqliteException e)
        {
            damages.Add(e.Message);
        }
        return report;
    }

    private static StoreReport Read(OfflineFile file, StoreReport report, AnchorState? anchor, List<string> damages)
    {
        var connection = file.Connection;
        if (connection.Read("PRAGMA application_id") != SqliteSchema.ApplicationId)
        {
            damages.Add("the file is not a store");
            return report;
        }
        report = report with { Format = (int)connection.Read("PRAGMA user_version") };
        if (report.Format is < 1 or > SqliteSchema.Format)
        {
            damages.Add($"the file's format is {report.Format}, and this program knows formats up to {SqliteSchema.Format}");
            return report;
        }
        damages.AddRange(Structure(connection));
        return report.Format == 1
            ? report with
            {
                Changes = connection.Read("SELECT count(*) FROM change"),
                CompactedRevision = connection.Read("SELECT revision FROM compaction"),
            }
            : ReadRows(file, report, anchor, damages);
    }

    private static StoreReport ReadRows(OfflineFile file, StoreReport report, AnchorState? anchor, List<string> damages)
    {
        var digest = new RowDigest();
        if (HistoryBaseRow.Read(file.Database, digest) is not { } start)
        {
            damages.Add("what the file says about its own history does not match its checksum");
            return report;
        }
        void Add(string what)
        {
            if (damages.Count < MaxDamages)
            {
                damages.Add(what);
            }
        }

        var keys = new HashSet<string>(StringComparer.Ordinal);
        var verifier = new HistoryVerifier(start, Add);
        verifier.Expect(anchor);
        try
        {
            using var reader = new RowReader(file.Database, report.Path);
            while (reader.Read())
            {
                verifier.Row(reader.Row, reader.KeyBytes, reader.CreateRevision, reader.IsDeletion, reader.ValueBytes, reader.Seal);
                _ = reader.IsDeletion ? keys.Remove(reader.Key) : keys.Add(reader.Key);
            }
        }
        catch (StoreFileException e)
        {
            Add($"the changes after revision {verifier.Revision} can't be read: {e.Message}");
        }
        verifier.End();
        return report with
        {
            Revision = verifier.Revision,
            CompactedRevision = start.Compacted,
            Changes = verifier.Tail.Rows,
            Keys = keys.Count,
        };
    }

    private static List<string> Structure(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"PRAGMA integrity_check({MaxDamages})";
        using var reader = command.ExecuteReader();
        var found = new List<string>();
        while (reader.Read())
        {
            if (reader.GetString(0) is var text and not "ok")
            {
                found.Add($"SQLite: {text}");
            }
        }
        return found;
    }
}
