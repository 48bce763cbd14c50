using Petrel.Store.Memory;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

public sealed class MemoryStoreTests : WatchContract
{
    protected override IRevisionedStore Open() => new MemoryStore();

    /// <summary>The simulator runs everything on one thread: nothing of the store may continue elsewhere.</summary>
    [Fact]
    public void Nothing_leaves_the_ambient_scheduler()
    {
        var context = new QueueContext();
        var outer = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(context);
        try
        {
            var thread = Environment.CurrentManagedThreadId;
            var log = new List<string>();
            var work = RunAsync(new MemoryStore(), log, () => Assert.Equal(thread, Environment.CurrentManagedThreadId));
            context.Drain();
            Assert.True(work.IsCompletedSuccessfully, work.Exception?.ToString() ?? "It waits for something outside of the scheduler.");
            Assert.Equal(["watch 1", "watch 2", "cancelled", "ended"], log);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    private static async Task RunAsync(MemoryStore store, List<string> log, Action check)
    {
        using var cancel = new CancellationTokenSource();
        var cancelled = Watch(cancel.Token);
        await Task.Yield();
        await store.CommitAsync([Set("a", "1")], default);
        await Task.Yield();
        await store.CommitAsync([Set("a", "2")], default);
        await Task.Yield();
        cancel.Cancel();
        await cancelled;
        var ended = Watch(default, after: 2);
        await Task.Yield();
        await store.DisposeAsync();
        await ended;
        check();

        async Task Watch(CancellationToken cancellationToken, long after = 0)
        {
            try
            {
                await foreach (var batch in store.WatchAsync("", after, cancellationToken))
                {
                    check();
                    log.Add($"watch {batch.UpTo}");
                }
                log.Add("ended");
            }
            catch (OperationCanceledException)
            {
                check();
                log.Add("cancelled");
            }
        }
    }

    private sealed class QueueContext : SynchronizationContext
    {
        private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();

        public override void Post(SendOrPostCallback d, object? state) => _queue.Enqueue((d, state));

        public void Drain()
        {
            while (_queue.TryDequeue(out var work))
            {
                work.Callback(work.State);
            }
        }
    }
}
