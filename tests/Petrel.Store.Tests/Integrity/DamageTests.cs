using Microsoft.Data.Sqlite;
using Petrel.Store.Inspection;
using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests.Integrity;

/// <summary>A store whose files were damaged or lost never opens with less than it acknowledged.</summary>
public sealed class DamageTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 3)]
    [InlineData(true, 4)]
    public async Task Flipped_bytes_anywhere_are_never_a_silent_loss(bool closed, int seed)
    {
        var files = await StoreFiles.WriteAsync(_directory, closed, seed);
        var random = new Random(seed);
        var refused = 0;
        for (var round = 0; round < 150; round++)
        {
            var name = files.Content.Keys.ElementAt(random.Next(files.Content.Count));
            var damaged = (byte[])files.Content[name].Clone();
            var at = random.Next(damaged.Length);
            for (var i = at; i < Math.Min(damaged.Length, at + random.Next(1, 9)); i++)
            {
                damaged[i] ^= (byte)random.Next(1, 256);
            }
            files.Lay((name, damaged));
            var laid = files.Fingerprint();
            try
            {
                await using var store = SqliteStore.Open(files.Path);
                Assert.Equal(files.Lines, await StoreFiles.Describe(store));
            }
            catch (StoreFileException e)
            {
                refused++;
                Assert.Contains(files.Path, e.Message, StringComparison.Ordinal);
                Assert.Equal(laid, files.Fingerprint());
            }
        }
        Assert.InRange(refused, 10, 150);
        files.Lay();
        await using var whole = SqliteStore.Open(files.Path);
        Assert.Equal(files.Lines, await StoreFiles.Describe(whole));
    }

    [Fact]
    public async Task A_log_whose_end_is_lost_is_refused_with_the_revisions()
    {
        var files = await StoreFiles.WriteAsync(_directory, closed: false);
        var log = files.Content["-wal"];
        var flipped = (byte[])log.Clone();
        for (var i = 0; i < 8; i++)
        {
            flipped[(flipped.Length / 2) + i] ^= 0xFF;
        }
        // The log of a new store holds the tables, too: without it there is no store at all.
        foreach (var content in new[] { flipped, log[..(log.Length / 2)] })
        {
            files.Lay(("-wal", content));
            var error = Assert.Throws<StoreFileException>(() => SqliteStore.Open(files.Path));
            Assert.True(error.IsDamage);
            Assert.Matches(@"its history ends at revision \d+, and revision 124 was acknowledged", error.Message);
        }
        foreach (var content in new byte[]?[] { [], null })
        {
            files.Lay(("-wal", content));
            Assert.True(Assert.Throws<StoreFileException>(() => SqliteStore.Open(files.Path)).IsDamage);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_store_that_is_missing_or_empty_is_refused(bool missing)
    {
        var files = await StoreFiles.WriteAsync(_directory, closed: true);
        files.Lay(("", missing ? null : []));
        var error = Assert.Throws<StoreFileException>(() => SqliteStore.Open(files.Path));
        Assert.True(error.IsDamage);
        Assert.Contains($"it is {(missing ? "missing" : "empty")}", error.Message, StringComparison.Ordinal);
        Assert.Equal(!missing, File.Exists(files.Path));
    }

    [Fact]
    public async Task An_older_copy_is_refused_and_one_without_an_anchor_is_taken()
    {
        var early = await StoreFiles.WriteAsync(_directory, closed: true);
        early.Lay();
        List<string> later;
        await using (var store = SqliteStore.Open(early.Path))
        {
            await store.Commit(Set("later", "1"));
            later = await StoreFiles.Describe(store);
        }
        var anchor = File.ReadAllBytes(early.Path + "-anchor");
        early.Lay(("-anchor", anchor));
        Assert.Contains(
            "acknowledged",
            Assert.Throws<StoreFileException>(() => SqliteStore.Open(early.Path)).Message,
            StringComparison.Ordinal
        );

        // A copy that went on by itself has as many revisions, but others.
        early.Lay(("-anchor", null));
        await using (var store = SqliteStore.Open(early.Path))
        {
            Assert.Equal(early.Lines, await StoreFiles.Describe(store));
            await store.Commit(Set("later", "2"));
        }
        File.WriteAllBytes(early.Path + "-anchor", anchor);
        Assert.Contains(
            "is not the one that was acknowledged",
            Assert.Throws<StoreFileException>(() => SqliteStore.Open(early.Path)).Message,
            StringComparison.Ordinal
        );
        Assert.NotEqual(early.Lines, later);
    }

    [Fact]
    public async Task An_anchor_that_lags_behind_is_no_alarm()
    {
        // After a power loss: the store has its last flush, the anchor may not.
        var files = await StoreFiles.WriteAsync(_directory, closed: true);
        files.Lay();
        await using (var store = SqliteStore.Open(files.Path))
        {
            await store.Commit(Set("later", "1"));
            await store.CompactAsync(store.CurrentRevision, default);
        }
        File.WriteAllBytes(files.Path + "-anchor", files.Content["-anchor"]);
        await using var again = SqliteStore.Open(files.Path);
        Assert.Equal("1", (await again.GetAsync("later", default))!.Value.Text());
    }

    [Fact]
    public async Task A_file_of_format_1_is_upgraded_in_place()
    {
        var path = _directory.File("old.db");
        using (var connection = new SqliteConnection($"Data Source={path};Pooling=False"))
        {
            connection.Open();
            connection.Run($"PRAGMA application_id = {0x5054524C}; PRAGMA user_version = 1; PRAGMA journal_mode = WAL");
            connection.Run(
                """
                CREATE TABLE change (id INTEGER PRIMARY KEY, key TEXT NOT NULL, create_revision INTEGER NOT NULL, value BLOB);
                CREATE TABLE compaction (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL);
                INSERT INTO compaction VALUES (1, 2);
                INSERT INTO change VALUES (1 << 20, 'a', 1, x'31'), (2 << 20, 'b', 2, x'32'), (3 << 20, 'a', 1, NULL),
                  (3 << 20 | 1, 'c', 3, x'33'), (4 << 20, 'b', 2, x'34');
                """
            );
        }
        Assert.True(StoreCheck.Run(path).IsIntact);
        List<string> lines;
        await using (var store = SqliteStore.Open(path))
        {
            lines = await StoreFiles.Describe(store);
            Assert.Equal(["2 4", "b=4@4(2)", "c=3@3(3)", "a 3  1", "c 3 3 ", "b 4 4 2"], lines);
        }
        var report = StoreCheck.Run(path);
        Assert.Equal((2, true, 4, 2, 2), (report.Format, report.IsIntact, report.Revision, report.CompactedRevision, report.Keys));
        await using var again = SqliteStore.Open(path);
        Assert.Equal(lines, await StoreFiles.Describe(again));
        Assert.Equal(new CommitResult(true, 5), await again.Commit(Set("d", "5")));
    }
}
