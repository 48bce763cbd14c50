using Microsoft.Data.Sqlite;
using Petrel.Store.Inspection;
using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests.Integrity;

/// <summary>Checking a store offline, and going on with what is left of it.</summary>
public sealed class InspectionTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_check_finds_nothing_in_an_intact_store_and_changes_nothing(bool closed)
    {
        var files = await StoreFiles.WriteAsync(_directory, closed);
        files.Lay();
        var before = files.Fingerprint();
        var report = StoreCheck.Run(files.Path);
        Assert.Equal(before, files.Fingerprint());
        Assert.Empty(report.Damages);
        Assert.Equal((124, 124), (report.Revision, report.AcknowledgedRevision));
        await using var store = SqliteStore.Open(files.Path);
        Assert.Equal((await store.Range("")).Entries.Count, report.Keys);
        Assert.Equal(store.CompactedRevision, report.CompactedRevision);
    }

    [Fact]
    public async Task A_store_in_use_is_not_checked()
    {
        var path = _directory.File("store.db");
        await using var store = SqliteStore.Open(path);
        var error = Assert.Throws<StoreFileException>(() => StoreCheck.Run(path));
        Assert.False(error.IsDamage);
        Assert.Contains("in use by another process", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flipped_value_is_named_by_its_key_and_revision_and_only_it_is_lost()
    {
        var files = await StoreFiles.WriteAsync(_directory, closed: true);
        var damaged = (byte[])files.Content[""].Clone();
        var at = damaged.AsSpan().IndexOf(Bytes(new string('L', 500)).Span);
        damaged[at + 20] ^= 0x01;
        files.Lay(("", damaged));
        var damage = Assert.Single(StoreCheck.Run(files.Path).Damages);
        Assert.Matches(@"^the change of large in revision \d+ does not match its checksum$", damage);

        var salvaged = StoreSalvage.Run(files.Path)!;
        Assert.True(salvaged.Revision >= 1124);
        Assert.Equal(damaged, await File.ReadAllBytesAsync(salvaged.DamagedFile));
        Assert.Empty(StoreCheck.Run(files.Path).Damages);
        Assert.Null(StoreSalvage.Run(files.Path));
        await using var store = SqliteStore.Open(files.Path);
        Assert.Equal(salvaged.Revision, store.CurrentRevision);
        Assert.Equal(salvaged.Keys, (await store.Range("")).Entries.Count);
        var expected = files.Lines.Skip(1).TakeWhile(l => l.Contains('=')).Where(l => !l.StartsWith("large=", StringComparison.Ordinal));
        Assert.Equal(expected, (await store.Range("")).Lines().Where(l => !l.StartsWith("large=", StringComparison.Ordinal)));
        Assert.Equal(new CommitResult(true, salvaged.Revision + 1), await store.Commit(Set("new", "1")));
    }

    [Theory]
    [InlineData("lost log")]
    [InlineData("lost file")]
    [InlineData("torn file")]
    [InlineData("lost anchor slots")]
    public async Task What_is_left_of_a_store_opens_and_its_revisions_go_on(string damage)
    {
        var files = await StoreFiles.WriteAsync(_directory, closed: damage != "lost log");
        var file = files.Content[""];
        var half = file.Length / 4096 / 2 * 4096;
        files.Lay(
            damage switch
            {
                "lost log" => ("-wal", files.Content["-wal"][..(files.Content["-wal"].Length / 2)]),
                "lost file" => ("", null),
                "torn file" => ("", [.. file[..half], .. new byte[file.Length - half]]),
                _ => ("-anchor", new byte[1024]),
            }
        );
        Assert.NotEmpty(StoreCheck.Run(files.Path).Damages);
        var salvaged = StoreSalvage.Run(files.Path)!;
        await using (var store = SqliteStore.Open(files.Path))
        {
            Assert.Equal(salvaged.Keys, (await store.Range("")).Entries.Count);
            Assert.True(damage == "lost file" || salvaged.Keys > 10, $"{salvaged.Keys} keys");
            Assert.True(store.CurrentRevision >= (damage == "lost anchor slots" ? 124 : 1124));
            Assert.True((await store.Commit(Set("new", "1"))).Succeeded);
        }
        Assert.Empty(StoreCheck.Run(files.Path).Damages);
    }
}
