using Petrel.Store.Inspection;
using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

/// <summary>What came and went takes neither disk nor memory after the compaction.</summary>
public sealed class SpaceTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_compaction_gives_the_space_of_deleted_objects_back()
    {
        const int keys = 20_000;
        var path = _directory.File("store.db");
        var text = new string('x', 1500);
        await using (var store = SqliteStore.Open(path))
        {
            await store.Commit(Set("stays", "1"));
            await store.CompactAsync(1, default);
            var memory = GC.GetTotalMemory(forceFullCollection: true);
            for (var i = 0; i < keys; i += 500)
            {
                await store.Commit([.. Enumerable.Range(i, 500).Select(k => Set($"k{k:D5}", text + k))]);
            }
            Assert.True(GC.GetTotalMemory(forceFullCollection: true) - memory > keys * 1500);
            for (var i = 0; i < keys; i += 500)
            {
                await store.Commit([.. Enumerable.Range(i, 500).Select(k => Delete($"k{k:D5}"))]);
            }
            var full = new FileInfo(path).Length;
            Assert.True(full > 20 << 20, $"{full} bytes");
            await store.CompactAsync(store.CurrentRevision, default);
            var left = new FileInfo(path).Length;
            Assert.True(left < 3 << 20, $"{left} of {full} bytes are left");
            Assert.InRange(new FileInfo(path + "-wal").Length, 0, 34 << 20);
            var kept = GC.GetTotalMemory(forceFullCollection: true) - memory;
            Assert.True(kept < 4 << 20, $"{kept} bytes of memory are kept");
            await store.Commit(Set("later", "1"));
        }
        Assert.True(StoreCheck.Run(path).IsIntact);
        await using var again = SqliteStore.Open(path);
        Assert.Equal(["later", "stays"], (await again.Range("")).Entries.Select(e => e.Key));
    }
}
