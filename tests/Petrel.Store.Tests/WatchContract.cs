using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

/// <summary>What every implementation promises about watches.</summary>
public abstract class WatchContract : StoreContract
{
    [Fact]
    public async Task A_watch_tells_history_then_live_changes()
    {
        await Store.Commit(Set("/a/1", "v1"));
        await Store.Commit(Set("/b/1", "v1"));
        await Store.Commit(Set("/a/1", "v2"), Set("/a/2", "v2"));
        using var deadline = new CancellationTokenSource(Deadline);
        await using var watch = Store.WatchAsync("/a/", 0, deadline.Token).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal(3, watch.Current.UpTo);
        Assert.Equal(
            [("/a/1", 1L, "v1", 1L, null), ("/a/1", 3L, "v2", 1L, "v1"), ("/a/2", 3L, "v2", 3L, (string?)null)],
            watch.Current.Changes.Select(c => (c.Key, c.Revision, c.Value.Text(), c.CreateRevision, c.PreviousValue.Text()))
        );

        var next = watch.MoveNextAsync();
        Assert.False(next.IsCompleted);
        await Store.Commit(Delete("/a/2"));
        Assert.True(await next);
        var deletion = Assert.Single(watch.Current.Changes);
        Assert.Equal(
            ("/a/2", 4, null, 3, "v2"),
            (deletion.Key, deletion.Revision, deletion.Value.Text(), deletion.CreateRevision, deletion.PreviousValue.Text())
        );
    }

    [Fact]
    public async Task Commits_elsewhere_are_progress()
    {
        await Store.Commit(Set("/a", "1"));
        using var deadline = new CancellationTokenSource(Deadline);
        await using var watch = Store.WatchAsync("/a", 1, deadline.Token).GetAsyncEnumerator();
        var next = watch.MoveNextAsync();
        await Store.Commit(Set("/b", "1"));
        Assert.True(await next);
        Assert.Equal((2, 0), (watch.Current.UpTo, watch.Current.Changes.Count));
    }

    [Fact]
    public async Task A_watch_after_a_future_revision_waits_for_it()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await using var watch = Store.WatchAsync("", 2, deadline.Token).GetAsyncEnumerator();
        var next = watch.MoveNextAsync();
        for (var i = 1; i <= 3; i++)
        {
            await Store.Commit(Set("a", $"v{i}"));
        }

        Assert.True(await next);
        Assert.Equal("v3", Assert.Single(watch.Current.Changes).Value.Text());
    }

    [Fact]
    public async Task A_watch_from_a_compacted_revision_is_refused()
    {
        for (var i = 1; i <= 5; i++)
        {
            await Store.Commit(Set("a", $"v{i}"));
        }

        await Store.CompactAsync(3, default);
        var error = await Assert.ThrowsAsync<CompactedException>(() => Store.ChangesUpTo("", 2, 5));
        Assert.Equal(3, error.CompactedRevision);
        Assert.Equal([4, 5], (await Store.ChangesUpTo("", 3, 5)).Select(c => c.Revision));
    }

    [Fact]
    public async Task Compaction_ends_a_watcher_that_is_behind_it()
    {
        await Store.Commit(Set("a", "1"));
        await using var watch = Store.WatchAsync("a", 0, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        await Store.Commit(Set("a", "2"));
        await Store.Commit(Set("a", "3"));
        await Store.CompactAsync(2, default);
        await Assert.ThrowsAsync<CompactedException>(async () => await watch.MoveNextAsync());
    }

    [Fact]
    public async Task Compaction_spares_a_watcher_that_it_does_not_concern()
    {
        await Store.Commit(Set("a", "1"));
        await using var watch = Store.WatchAsync("a", 0, CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync());
        for (var i = 0; i < 10; i++)
        {
            await Store.Commit(Set("b", $"{i}"));
        }

        await Store.CompactAsync(11, default);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal((11, 0), (watch.Current.UpTo, watch.Current.Changes.Count));
        var next = watch.MoveNextAsync();
        await Store.Commit(Set("a", "2"));
        Assert.True(await next);
        Assert.Equal("2", Assert.Single(watch.Current.Changes).Value.Text());
    }

    [Fact]
    public async Task Cancelling_a_watch_throws_while_it_waits_and_before()
    {
        using var cancel = new CancellationTokenSource();
        await using var watch = Store.WatchAsync("", 0, cancel.Token).GetAsyncEnumerator();
        var next = watch.MoveNextAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        await Store.Commit(Set("a", "1"));
        await using var late = Store.WatchAsync("", 0, cancel.Token).GetAsyncEnumerator();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await late.MoveNextAsync());
    }

    [Fact]
    public async Task Disposing_the_store_ends_its_watches()
    {
        await using var watch = Store.WatchAsync("", 0, CancellationToken.None).GetAsyncEnumerator();
        var next = watch.MoveNextAsync().AsTask();
        await Store.DisposeAsync();
        Assert.False(await next.WaitAsync(Deadline));
    }

    [Fact]
    public async Task A_slow_watcher_misses_nothing_and_never_gets_half_a_revision()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await using var watch = Store.WatchAsync("k", 0, deadline.Token).GetAsyncEnumerator();
        var next = watch.MoveNextAsync();
        const int commits = 200,
            keys = 40;
        for (var i = 0; i < commits; i++)
        {
            await Store.Commit([.. Enumerable.Range(0, keys).Select(k => Set($"k{k}", $"{i}"))]);
        }

        var (batches, seen) = (0, 0L);
        while (seen < commits)
        {
            Assert.True(await next);
            batches++;
            foreach (var revision in watch.Current.Changes.GroupBy(c => c.Revision))
            {
                Assert.Equal(++seen, revision.Key);
                Assert.Equal(keys, revision.Count());
            }
            Assert.Equal(seen, watch.Current.UpTo);
            next = watch.MoveNextAsync();
        }
        Assert.True(batches > 3, "a batch should be bounded");
        await deadline.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Watches_under_concurrent_writers_add_up_to_the_state(int seed)
    {
        const int writers = 4,
            commitsEach = 150;
        using var deadline = new CancellationTokenSource(Deadline);
        var writing = Enumerable
            .Range(0, writers)
            .Select(w =>
                Task.Run(async () =>
                {
                    var random = new Random(seed * 100 + w);
                    for (var i = 0; i < commitsEach; )
                    {
                        var operations = Enumerable
                            .Range(0, random.Next(1, 4))
                            .Select(_ => $"/{random.Next(3)}/{random.Next(12)}")
                            .Distinct()
                            .Select(key => random.Next(4) == 0 ? Delete(key) : Set(key, $"{w}.{i}"))
                            .ToArray();
                        if ((await Store.Commit(operations)).Succeeded)
                        {
                            i++;
                        }

                        if (random.Next(100) == 0)
                        {
                            await Store.CompactAsync(Math.Max(0, Store.CurrentRevision - 100), default);
                        }
                    }
                })
            )
            .ToArray();

        const long last = writers * commitsEach;
        var watching = Enumerable
            .Range(0, 12)
            .Select(n =>
                Task.Run(async () =>
                {
                    var random = new Random(seed * 1000 + n);
                    var prefix = n % 4 == 3 ? "" : $"/{n % 4}/";
                    while (true)
                    {
                        // As an informer does: list, then watch from the list's revision; again when that is compacted.
                        var list = await Store.Range(prefix);
                        var model = new SortedDictionary<string, string>(
                            list.Entries.ToDictionary(e => e.Key, e => e.Value.Text()),
                            StringComparer.Ordinal
                        );
                        var seen = list.Revision;
                        if (seen >= last)
                        {
                            return;
                        }

                        try
                        {
                            await foreach (var batch in Store.WatchAsync(prefix, seen, deadline.Token))
                            {
                                foreach (var change in batch.Changes)
                                {
                                    Assert.InRange(change.Revision, seen, batch.UpTo);
                                    seen = change.Revision;
                                    Assert.StartsWith(prefix, change.Key, StringComparison.Ordinal);
                                    Assert.Equal(model.GetValueOrDefault(change.Key), change.PreviousValue.Text());
                                    if (change.Value.Text() is { } value)
                                    {
                                        model[change.Key] = value;
                                    }
                                    else
                                    {
                                        Assert.True(model.Remove(change.Key));
                                    }
                                }
                                seen = batch.UpTo;
                                if (seen >= last)
                                {
                                    break;
                                }

                                if (random.Next(8) == 0)
                                {
                                    await Task.Yield();
                                }
                            }
                            Assert.Equal(
                                (await Store.Range(prefix, last)).Entries.Select(e => (e.Key, e.Value.Text())),
                                model.Select(m => (m.Key, m.Value))
                            );
                            return;
                        }
                        catch (CompactedException) { }
                    }
                })
            )
            .ToArray();
        await Task.WhenAll([.. writing, .. watching]);
        Assert.Equal(last, Store.CurrentRevision);
    }
}
