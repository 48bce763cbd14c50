using Microsoft.Data.Sqlite;
using Petrel.Store.Memory;
using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

public sealed class SqliteStoreTests : WatchContract
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TemporaryDirectory _directory = new();

    private string FilePath => _directory.File("store.db");

    protected override IRevisionedStore Open() => SqliteStore.Open(FilePath);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Everything_is_there_after_a_restart()
    {
        await Store.Commit(Set("a", "1"), Set("empty", ""));
        await Store.Commit(Set("a", "2", 1));
        await Store.Commit(Delete("empty"), Set("b/ü", "3"));
        var changes = await Store.ChangesUpTo("", 0, 3);
        await Store.DisposeAsync();

        await using var again = Open();
        Assert.Equal((3, 0), (again.CurrentRevision, again.CompactedRevision));
        Assert.Equal(["a=1@1(1)", "empty=@1(1)"], (await again.Range("", at: 1)).Lines());
        Assert.Equal(["a=2@2(1)", "b/ü=3@3(3)"], (await again.Range("")).Lines());
        Assert.Equal(Describe(changes), Describe(await again.ChangesUpTo("", 0, 3)));
        Assert.Equal(new CommitResult(true, 4), await again.Commit(Set("a", "4", 2)));
    }

    [Fact]
    public async Task Revisions_go_on_when_everything_is_deleted_and_compacted()
    {
        await Store.Commit(Set("a", "1"));
        await Store.Commit(Delete("a"));
        await Store.CompactAsync(2, default);
        await Store.DisposeAsync();
        Assert.Equal(0, Sql("SELECT count(*) FROM change"));

        await using var again = Open();
        Assert.Equal((2, 2), (again.CurrentRevision, again.CompactedRevision));
        await Assert.ThrowsAsync<CompactedException>(() => again.Range("", at: 1));
        Assert.Equal(new CommitResult(true, 3), await again.Commit(Set("a", "2", 0)));
    }

    [Fact]
    public async Task Compaction_reclaims_rows()
    {
        for (var i = 1; i <= 3000; i++)
        {
            _ = Store.Commit(Set($"k{i % 10}", $"{i}"));
        }
        await Store.Commit(Set("last", ""));
        await Store.CompactAsync(3001, default);
        var lines = (await Store.Range("")).Lines().ToList();
        await Store.DisposeAsync();
        Assert.Equal(11, Sql("SELECT count(*) FROM change"));
        await using var again = Open();
        Assert.Equal(lines, (await again.Range("")).Lines());
    }

    [Fact]
    public async Task An_interrupted_compaction_is_finished_when_opening()
    {
        await Store.Commit(Set("a", "1"), Set("b", "1"));
        await Store.Commit(Set("a", "2"), Delete("b"));
        await Store.Commit(Set("a", "3"), Set("c", "3"));
        await Store.DisposeAsync();
        // The disk fails when the rows are to be deleted, and the process ends before it is back.
        var transactions = 0;
        await using (var interrupted = SqliteStore.Open(FilePath, null, step => step == LogStep.Commit && ++transactions > 1 ? 10 : 0))
        {
            await Assert.ThrowsAsync<StoreWriteException>(() => interrupted.CompactAsync(2, default).AsTask());
        }
        Assert.Equal(6, Sql("SELECT count(*) FROM change"));
        await using (var again = Open())
        {
            Assert.Equal((3, 2), (again.CurrentRevision, again.CompactedRevision));
            Assert.Equal(["a=2@2(1)"], (await again.Range("", at: 2)).Lines());
            Assert.Equal(["a=3@3(1)", "c=3@3(3)"], (await again.Range("")).Lines());
            Assert.Equal(["2", null], (await again.ChangesUpTo("", 2, 3)).Select(c => c.PreviousValue.Text()));
        }
        Assert.Equal(3, Sql("SELECT count(*) FROM change"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task It_does_what_the_memory_store_does_across_restarts(int seed)
    {
        var random = new Random(seed);
        await using var model = new MemoryStore();
        var store = Store;
        for (var step = 0; step < 400; step++)
        {
            long? Expected() => random.Next(4) == 0 ? Math.Max(0, model.CurrentRevision - random.Next(6)) : null;

            switch (random.Next(40))
            {
                case 0:
                    await store.DisposeAsync();
                    store = Open();
                    break;
                case 1:
                    var compact = model.CompactedRevision + random.Next((int)(model.CurrentRevision - model.CompactedRevision) + 1);
                    await store.CompactAsync(compact, default);
                    await model.CompactAsync(compact, default);
                    break;
                default:
                    var operations = Enumerable
                        .Range(0, random.Next(1, 4))
                        .Select(_ => $"k{random.Next(15)}")
                        .Distinct()
                        .Select(k => random.Next(3) == 0 ? Delete(k, Expected()) : Set(k, $"{step}", Expected()))
                        .ToArray();
                    Assert.Equal(Describe(await model.Commit(operations)), Describe(await store.Commit(operations)));
                    break;
            }
            Assert.Equal((model.CurrentRevision, model.CompactedRevision), (store.CurrentRevision, store.CompactedRevision));
        }
        for (var at = Math.Max(1, model.CompactedRevision); at <= model.CurrentRevision; at++)
        {
            Assert.Equal((await model.Range("", at)).Lines(), (await store.Range("", at)).Lines());
        }

        Assert.Equal(
            Describe(await model.ChangesUpTo("", model.CompactedRevision, model.CurrentRevision)),
            Describe(await store.ChangesUpTo("", store.CompactedRevision, store.CurrentRevision))
        );
        await store.DisposeAsync();
    }

    /// <summary>What a machine that loses power leaves: the log's last writes are missing or cut.</summary>
    [Fact]
    public async Task A_log_that_is_cut_anywhere_opens_as_a_prefix_of_whole_commits()
    {
        for (var i = 1; i <= 20; i++)
        {
            await Store.Commit(Set("twin1", $"{i}"), Set($"n{i}", new string('x', 500 * i)), Set("twin2", $"{i}"));
        }

        var (file, log) = (File.ReadAllBytes(FilePath), File.ReadAllBytes(FilePath + "-wal"));
        var random = new Random(7);
        var seen = new SortedSet<long>();
        for (var round = 0; round < 60; round++)
        {
            var copy = _directory.File($"copy{round}.db");
            File.WriteAllBytes(copy, file);
            var cut = log[..random.Next(log.Length + 1)];
            if (cut.Length > 0 && round % 2 == 0)
            {
                cut[random.Next(cut.Length)] ^= 0x10;
            }

            File.WriteAllBytes(copy + "-wal", cut);
            await using var store = SqliteStore.Open(copy);
            var revision = store.CurrentRevision;
            seen.Add(revision);
            if (revision == 0)
            {
                continue;
            }

            Assert.Equal(2 + revision, (await store.Range("")).Entries.Count);
            foreach (var twin in new[] { "twin1", "twin2" })
            {
                Assert.Equal($"{revision}", (await store.GetAsync(twin, default))!.Value.Text());
            }
        }
        Assert.True(seen.Count > 5, "The cuts should hit different commits.");
    }

    [Fact]
    public void Files_are_for_the_owner_only()
    {
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(FilePath));
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(FilePath + "-wal"));
    }

    [Fact]
    public async Task A_loose_file_mode_is_tightened()
    {
        await Store.DisposeAsync();
        File.SetUnixFileMode(FilePath, OwnerOnly | UnixFileMode.OtherRead);
        await using var again = Open();
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(FilePath));
    }

    [Fact]
    public void A_second_opening_is_refused()
    {
        var error = Assert.Throws<StoreFileException>(Open);
        Assert.Equal($"Can't use the store '{FilePath}': it is in use by another process: stop that one first.", error.Message);
    }

    [Fact]
    public async Task Files_of_a_newer_format_or_of_others_are_refused_and_left_alone()
    {
        await Store.DisposeAsync();
        Sql("PRAGMA user_version = 3; SELECT 0");
        Assert.Contains(
            "its format is 3, and this program knows formats up to 2",
            Assert.Throws<StoreFileException>(Open).Message,
            StringComparison.Ordinal
        );
        Sql("PRAGMA application_id = 7; SELECT 0");
        Assert.Contains("not a store", Assert.Throws<StoreFileException>(Open).Message, StringComparison.Ordinal);
        var text = _directory.File("text");
        await File.WriteAllTextAsync(text, new string('x', 10_000));
        Assert.Contains("not a store", Assert.Throws<StoreFileException>(() => SqliteStore.Open(text)).Message, StringComparison.Ordinal);
        Assert.Equal(new string('x', 10_000), await File.ReadAllTextAsync(text));
    }

    [Fact]
    public async Task A_missing_revision_is_reported_as_damage()
    {
        for (var i = 1; i <= 3; i++)
        {
            await Store.Commit(Set("a", $"{i}"));
        }

        await Store.DisposeAsync();
        Sql("DELETE FROM change WHERE id = (2 << 20); SELECT 0");
        Assert.Contains("revision 2 is not whole", Assert.Throws<StoreFileException>(Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_commit_that_was_cancelled_leaves_the_store_usable()
    {
        for (var i = 0; i < 50; i++)
        {
            using var cancel = new CancellationTokenSource();
            var commit = Store.CommitAsync([Set("a", $"{i}")], cancel.Token).AsTask();
            cancel.Cancel();
            try
            {
                Assert.True((await commit).Succeeded);
            }
            catch (OperationCanceledException) { }
        }
        var result = await Store.Commit(Set("b", "1"));
        Assert.Equal(result.Revision, Store.CurrentRevision);
        Assert.InRange(result.Revision, 1, 51);
    }

    [Fact]
    public async Task Waiting_commits_are_done_before_the_store_closes()
    {
        var commits = Enumerable.Range(0, 200).Select(i => Store.Commit(Set($"k{i}", "v"))).ToList();
        await Store.DisposeAsync();
        Assert.All(await Task.WhenAll(commits), result => Assert.True(result.Succeeded));
        await using var again = Open();
        Assert.Equal(200, (await again.Range("")).Entries.Count);
    }

    private static IEnumerable<string> Describe(IEnumerable<StoreChange> changes) =>
        changes.Select(c => $"{c.Key} {c.Revision} {c.Value.Text()} {c.CreateRevision} {c.PreviousValue.Text()}");

    private static string Describe(CommitResult result) =>
        $"{result.Succeeded} {result.Revision} {result.FailedKey} {result.Found?.Value.Text()} {result.Found?.ModRevision} "
        + $"{result.Found?.CreateRevision}";

    private long Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
