using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

/// <summary>What every implementation of the store promises (see <see cref="IRevisionedStore"/>).</summary>
public abstract class StoreContract : IAsyncLifetime
{
    protected IRevisionedStore Store { get; private set; } = null!;

    protected abstract IRevisionedStore Open();

    public virtual ValueTask InitializeAsync()
    {
        Store = Open();
        return ValueTask.CompletedTask;
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_new_store_is_empty_at_revision_zero()
    {
        Assert.Equal(0, Store.CurrentRevision);
        Assert.Equal(0, Store.CompactedRevision);
        Assert.Null(await Store.GetAsync("a", default));
        var range = await Store.Range("");
        Assert.Equal((0, 0, false), (range.Revision, range.Entries.Count, range.More));
    }

    [Fact]
    public async Task Commits_get_contiguous_revisions_and_entries_remember_theirs()
    {
        Assert.Equal(new CommitResult(true, 1), await Store.Commit(Set("a", "1")));
        Assert.Equal(new CommitResult(true, 2), await Store.Commit(Set("b", "1")));
        Assert.Equal(new CommitResult(true, 3), await Store.Commit(Set("a", "2")));
        Assert.Equal(3, Store.CurrentRevision);
        Assert.Equal(["a=2@3(1)", "b=1@2(2)"], (await Store.Range("")).Lines());
        var entry = await Store.GetAsync("a", default);
        Assert.Equal(("a", "2", 1, 3), (entry!.Key, entry.Value.Text(), entry.CreateRevision, entry.ModRevision));
    }

    [Fact]
    public async Task Creating_fails_when_the_key_exists()
    {
        Assert.True((await Store.Commit(Set("a", "1", expected: 0))).Succeeded);
        var second = await Store.Commit(Set("a", "2", expected: 0));
        Assert.Equal((false, 1, "a"), (second.Succeeded, second.Revision, second.FailedKey));
        Assert.Equal(("1", 1), (second.Found!.Value.Text(), second.Found.ModRevision));
        Assert.Equal(1, Store.CurrentRevision);
    }

    [Fact]
    public async Task Updating_fails_when_somebody_else_was_faster()
    {
        await Store.Commit(Set("a", "1"));
        Assert.True((await Store.Commit(Set("a", "2", expected: 1))).Succeeded);
        var late = await Store.Commit(Set("a", "3", expected: 1));
        Assert.Equal((false, 2, "a"), (late.Succeeded, late.Revision, late.FailedKey));
        Assert.Equal("2", late.Found!.Value.Text());
        var missing = await Store.Commit(Set("b", "1", expected: 1));
        Assert.Equal((false, "b", null), (missing.Succeeded, missing.FailedKey, missing.Found));
    }

    [Fact]
    public async Task Deleting_needs_the_key_and_its_expected_revision()
    {
        var missing = await Store.Commit(Delete("a"));
        Assert.Equal((false, 0, "a", null), (missing.Succeeded, missing.Revision, missing.FailedKey, missing.Found));
        await Store.Commit(Set("a", "1"));
        Assert.False((await Store.Commit(Delete("a", expected: 7))).Succeeded);
        Assert.Equal(new CommitResult(true, 2), await Store.Commit(Delete("a", expected: 1)));
        Assert.Null(await Store.GetAsync("a", default));
        await Store.Commit(Set("a", "again", expected: 0));
        Assert.Equal(["a=again@3(3)"], (await Store.Range("")).Lines());
    }

    [Fact]
    public async Task A_batch_is_applied_whole_or_not_at_all()
    {
        await Store.Commit(Set("a", "1"), Set("b", "1"));
        Assert.Equal(["a=1@1(1)", "b=1@1(1)"], (await Store.Range("")).Lines());

        var failed = await Store.Commit(Set("a", "2"), Delete("b", expected: 9), Set("c", "2"));
        Assert.Equal((false, "b"), (failed.Succeeded, failed.FailedKey));
        Assert.Equal(["a=1@1(1)", "b=1@1(1)"], (await Store.Range("")).Lines());

        Assert.True((await Store.Commit(Set("a", "3", 1), Delete("b", 1), Set("c", "3", 0))).Succeeded);
        Assert.Equal(["a=3@2(1)", "c=3@2(2)"], (await Store.Range("")).Lines());
    }

    [Fact]
    public async Task Commits_that_mean_nothing_are_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Store.Commit());
        await Assert.ThrowsAsync<ArgumentException>(() => Store.Commit(Set("a", "1"), Delete("a")));
        Assert.Equal(0, Store.CurrentRevision);
    }

    [Fact]
    public async Task Only_one_of_many_concurrent_compare_and_swaps_wins()
    {
        await Store.Commit(Set("counter", "0"));
        const int writers = 8,
            increments = 50;
        await Task.WhenAll(
            Enumerable
                .Range(0, writers)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        for (var done = 0; done < increments; )
                        {
                            var entry = await Store.GetAsync("counter", default);
                            var next = (int.Parse(entry!.Value.Text()) + 1).ToString();
                            if ((await Store.Commit(Set("counter", next, entry.ModRevision))).Succeeded)
                            {
                                done++;
                            }
                        }
                    })
                )
        );
        Assert.Equal((writers * increments).ToString(), (await Store.GetAsync("counter", default))!.Value.Text());
        Assert.Equal(1 + writers * increments, Store.CurrentRevision);
    }

    [Fact]
    public async Task Ranges_are_by_prefix_in_ordinal_order()
    {
        foreach (var key in new[] { "/pods/b", "/pods/a", "/pods0", "/nodes/x", "/pods/B", "/pods/ä", "/pods/", "/pods" })
        {
            await Store.Commit(Set(key, "v"));
        }

        Assert.Equal(["/pods/", "/pods/B", "/pods/a", "/pods/b", "/pods/ä"], (await Store.Range("/pods/")).Entries.Select(e => e.Key));
        Assert.Empty((await Store.Range("/zzz")).Entries);
        Assert.Equal(8, (await Store.Range("")).Entries.Count);
    }

    [Fact]
    public async Task Old_revisions_stay_readable()
    {
        await Store.Commit(Set("a", "1"));
        await Store.Commit(Set("a", "2"), Set("b", "2"));
        await Store.Commit(Delete("a"));
        Assert.Equal(["a=1@1(1)"], (await Store.Range("", at: 1)).Lines());
        Assert.Equal(["a=2@2(1)", "b=2@2(2)"], (await Store.Range("", at: 2)).Lines());
        Assert.Equal(["b=2@2(2)"], (await Store.Range("", at: 3)).Lines());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.Range("", at: 4));
    }

    [Fact]
    public async Task Limits_say_when_there_is_more()
    {
        foreach (var i in Enumerable.Range(0, 5))
        {
            await Store.Commit(Set($"k{i}", "v"));
        }

        var two = await Store.Range("k", limit: 2);
        Assert.Equal((2, true), (two.Entries.Count, two.More));
        var five = await Store.Range("k", limit: 5);
        Assert.Equal((5, false), (five.Entries.Count, five.More));
        var last = await Store.Range("k", after: "k3", limit: 2);
        Assert.Equal((1, false), (last.Entries.Count, last.More));
        await Store.Commit(Delete("k4"));
        Assert.False((await Store.Range("k", limit: 4)).More);
    }

    [Fact]
    public async Task Pages_are_of_one_revision_while_writes_go_on()
    {
        const int keys = 6000;
        await Store.Commit([.. Enumerable.Range(0, keys).Select(i => Set($"k{i:D5}", "first"))]);
        using var stop = new CancellationTokenSource();
        var writes = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                await Store.Commit(Set($"k{i % keys:D5}", "later"), Set($"new{i}", "later"), Set($"k{i % keys:D5}+", "later"));
            }
        });
        var (at, after, read) = (1L, (string?)null, new List<StoreEntry>());
        while (true)
        {
            var page = await Store.Range("k", at, after, limit: 500);
            read.AddRange(page.Entries);
            if (!page.More)
            {
                break;
            }

            after = page.Entries[^1].Key;
        }
        var whole = await Store.Range("k", at);
        await stop.CancelAsync();
        await writes;
        Assert.Equal(keys, read.Count);
        Assert.All(read, e => Assert.Equal(1, e.ModRevision));
        Assert.Equal(read, whole.Entries);
    }

    [Fact]
    public async Task Compaction_keeps_the_newest_versions_only()
    {
        await Store.Commit(Set("a", "1"), Set("gone", "1"), Set("quiet", "1"));
        await Store.Commit(Set("a", "2"));
        await Store.Commit(Delete("gone"));
        await Store.Commit(Set("a", "4"));
        await Store.CompactAsync(3, default);
        Assert.Equal(3, Store.CompactedRevision);
        Assert.Equal(4, Store.CurrentRevision);
        var error = await Assert.ThrowsAsync<CompactedException>(() => Store.Range("", at: 2));
        Assert.Equal(3, error.CompactedRevision);
        Assert.Equal(["a=2@2(1)", "quiet=1@1(1)"], (await Store.Range("", at: 3)).Lines());
        Assert.Equal(["a=4@4(1)", "quiet=1@1(1)"], (await Store.Range("")).Lines());
        await Store.CompactAsync(1, default);
        Assert.Equal(3, Store.CompactedRevision);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Store.CompactAsync(5, default).AsTask());
        await Store.CompactAsync(4, default);
        Assert.Equal(["a=4@4(1)", "quiet=1@1(1)"], (await Store.Range("", at: 4)).Lines());
        Assert.Equal(new CommitResult(true, 5), await Store.Commit(Set("gone", "back", expected: 0)));
    }

    [Fact]
    public async Task Cancelled_calls_throw()
    {
        var cancelled = new CancellationToken(canceled: true);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.CommitAsync([Set("a", "1")], cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.GetAsync("a", cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.RangeAsync("a", 0, null, 0, cancelled).AsTask());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store.CompactAsync(0, cancelled).AsTask());
        Assert.Equal(0, Store.CurrentRevision);
    }

    [Fact]
    public async Task A_disposed_store_refuses()
    {
        await Store.Commit(Set("a", "1"));
        await Store.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.Commit(Set("a", "2")));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.GetAsync("a", default).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.Range(""));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Store.CompactAsync(1, default).AsTask());
        await Store.DisposeAsync();
    }
}
