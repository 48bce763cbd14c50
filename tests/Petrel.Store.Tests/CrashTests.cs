using System.Globalization;
using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

public sealed class CrashTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Every_acknowledged_write_survives_SIGKILL_and_nothing_is_half_written()
    {
        const int rounds = 25;
        var path = _directory.File("store.db");
        var random = new Random(20261123);
        var acknowledged = new Dictionary<(int Writer, int Number), long>();
        for (var round = 0; round < rounds; round++)
        {
            await KillAfter(path, random.Next(1, 300), acknowledged);
            await using var store = SqliteStore.Open(path);
            await Check(store, acknowledged);
        }
        Assert.True(acknowledged.Count > rounds * 50, $"Only {acknowledged.Count} writes were acknowledged.");
    }

    [Fact]
    public async Task A_second_process_is_refused()
    {
        var path = _directory.File("store.db");
        await using var store = SqliteStore.Open(path);
        await store.Commit(Set("a", "1"));
        using var second = CrashWriter.Start(path);
        var message = await second.StandardOutput.ReadToEndAsync().WaitAsync(Deadline);
        await second.WaitForExitAsync();
        Assert.Equal(1, second.ExitCode);
        Assert.Equal($"Can't use the store '{path}': it is in use by another process: stop that one first.", message.Trim());
        Assert.True((await store.Commit(Set("a", "2"))).Succeeded);
    }

    private static async Task KillAfter(string path, int lines, Dictionary<(int Writer, int Number), long> acknowledged)
    {
        using var victim = CrashWriter.Start(path);
        for (var read = 0; await victim.StandardOutput.ReadLineAsync().WaitAsync(Deadline) is { } line; )
        {
            var numbers = line.Split(' ').Select(n => long.Parse(n, CultureInfo.InvariantCulture)).ToArray();
            acknowledged.Add(((int)numbers[0], (int)numbers[1]), numbers[2]);
            if (++read == lines)
            {
                victim.Kill();
            }
        }
        await victim.WaitForExitAsync();
        Assert.Equal(128 + 9, victim.ExitCode);
    }

    private static async Task Check(SqliteStore store, Dictionary<(int Writer, int Number), long> acknowledged)
    {
        var entries = (await store.Range("")).Entries.ToDictionary(e => e.Key);
        foreach (var ((writer, number), revision) in acknowledged)
        {
            var entry = Assert.Contains(CrashWriter.Numbered(writer, number), entries);
            Assert.Equal((revision, CrashWriter.Value(writer, number)), (entry.ModRevision, entry.Value.Text()));
        }
        for (var writer = 0; writer < CrashWriter.Writers; writer++)
        {
            var numbered = entries
                .Keys.Where(k => k.StartsWith(CrashWriter.Numbered(writer, 0)[..^6], StringComparison.Ordinal))
                .Order()
                .ToList();
            if (numbered.Count == 0)
            {
                continue;
            }
            // The three keys of the newest batch, acknowledged or not, are of one revision, and no number is missing.
            var newest = entries[numbered[^1]];
            Assert.Equal(
                (newest.ModRevision, newest.Value.Text()),
                (entries[CrashWriter.Latest(writer)].ModRevision, entries[CrashWriter.Latest(writer)].Value.Text())
            );
            Assert.Equal(
                (newest.ModRevision, newest.Value.Text()),
                (entries[CrashWriter.Twin(writer)].ModRevision, entries[CrashWriter.Twin(writer)].Value.Text())
            );
            Assert.Equal(CrashWriter.Parse(newest.Value.Text()), (writer, numbered.Count));
        }
        Assert.Equal(entries.Values.Max(e => e.ModRevision), store.CurrentRevision);
        var history = await store.ChangesUpTo("", store.CompactedRevision, store.CurrentRevision);
        var revision1 = store.CompactedRevision;
        foreach (var revision in history.GroupBy(c => c.Revision))
        {
            Assert.Equal(++revision1, revision.Key);
            Assert.Equal(3, revision.Count());
        }
        Assert.Equal(store.CurrentRevision, revision1);
    }
}
