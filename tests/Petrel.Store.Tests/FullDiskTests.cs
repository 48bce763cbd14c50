using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

/// <summary>What the embedded store does on a disk that is really full.</summary>
public sealed class FullDiskTests
{
    private const int Mebibytes = 24;
    private static readonly string Large = new('x', 200_000);

    [MountFact]
    public async Task Writes_are_refused_at_once_while_reads_watches_and_deletions_go_on()
    {
        using var disk = new SmallDisk(Mebibytes);
        await using var store = SqliteStore.Open(disk.File("store.db"));
        await store.Commit([.. Enumerable.Range(0, 20).Select(i => Set($"k{i:D2}", Large))]);
        using var deadline = new CancellationTokenSource(Deadline);
        await using var watch = store.WatchAsync("k", 1, deadline.Token).GetAsyncEnumerator();
        var filler = disk.Fill();
        var written = await WriteUntilRefusedAsync(store);
        Assert.Equal(StoreFault.NoSpace, store.Health.Fault);

        var refused = await Assert.ThrowsAsync<StoreWriteException>(() => store.Commit(Set("more", Large)).WaitAsync(Deadline));
        Assert.Equal(StoreFault.NoSpace, refused.Fault);
        Assert.Equal(1 + written, store.CurrentRevision);
        Assert.Equal(20, (await store.Range("k")).Entries.Count);
        for (var i = 0; i < 20; i++)
        {
            Assert.True((await store.Commit(Delete($"k{i:D2}")).WaitAsync(Deadline)).Succeeded);
        }
        var deleted = 0;
        while (deleted < 20)
        {
            Assert.True(await watch.MoveNextAsync());
            deleted += watch.Current.Changes.Count;
        }
        Assert.Equal(StoreFault.NoSpace, store.Health.Fault);
        // The compaction gives the space of what was deleted back to the disk.
        await store.CompactAsync(store.CurrentRevision, default);
        await Recovered(store);
        Assert.True((await store.Commit(Set("more", "1"))).Succeeded);

        await WriteUntilRefusedAsync(store);
        File.Delete(filler);
        await Recovered(store);
        Assert.True((await store.Commit(Set("more", Large))).Succeeded);
    }

    [MountFact]
    public async Task What_was_acknowledged_is_there_after_a_restart_on_the_full_disk()
    {
        using var disk = new SmallDisk(Mebibytes);
        var path = disk.File("store.db");
        List<string> lines;
        await using (var store = SqliteStore.Open(path))
        {
            await store.Commit(Set("first", "1"));
            disk.Fill();
            await WriteUntilRefusedAsync(store);
            Assert.True((await store.Commit(Delete("first"))).Succeeded);
            lines = [.. (await store.Range("")).Lines()];
        }
        await using var again = SqliteStore.Open(path);
        Assert.Equal(lines, (await again.Range("")).Lines());
        disk.Fill("filler2");
        await Assert.ThrowsAsync<StoreWriteException>(async () => await WriteUntilRefusedAsync(again, tolerate: false));
    }

    [MountFact]
    public async Task The_reserve_gives_deletions_room_and_is_taken_again_later()
    {
        using var disk = new SmallDisk(Mebibytes);
        var path = disk.File("store.db");
        await using var store = SqliteStore.Open(path);
        var size = new FileInfo(path + "-reserve").Length;
        Assert.InRange(size, 1 << 20, Mebibytes << 20);
        await store.Commit([.. Enumerable.Range(0, 200).Select(i => Set($"k{i:D3}", $"{i}"))]);
        var filler = disk.Fill();
        await WriteUntilRefusedAsync(store);
        // Each is a step of a deletion, and rewrites a page in the log: the log grows beyond what the full disk has.
        for (var i = 0; File.Exists(path + "-reserve"); i++)
        {
            Assert.True(i < 20_000, "The reserve is never released.");
            Assert.True((await store.Commit(Set($"k{i % 200:D3}", $"ends {i}") with { FreesSpace = true })).Succeeded);
        }
        Assert.True((await store.Commit(Delete("k000"))).Succeeded);
        File.Delete(filler);
        await Recovered(store);
        Assert.Equal(size, new FileInfo(path + "-reserve").Length);
    }

    // Small writes may fit into what the log has left.
    private static async Task<int> WriteUntilRefusedAsync(SqliteStore store, bool tolerate = true)
    {
        for (var i = 0; ; i++)
        {
            Assert.True(i < 10_000, "The disk is never full.");
            try
            {
                await store.Commit(Set($"fill{i}", Large)).WaitAsync(Deadline);
            }
            catch (StoreWriteException) when (tolerate)
            {
                return i;
            }
        }
    }

    private static async Task Recovered(SqliteStore store)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (store.Health.Fault != StoreFault.None)
        {
            await Task.Delay(10, deadline.Token);
        }
    }
}
