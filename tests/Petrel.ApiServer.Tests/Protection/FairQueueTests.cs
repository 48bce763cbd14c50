using CsCheck;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Protection;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Tests.Protection;

public sealed class FairQueueTests
{
    private readonly ManualTime _time = new();

    private FairQueue Queue(int slots, int length = 100) => new(slots, length, TimeSpan.FromSeconds(15), _time);

    private static Task<FairQueue.Slot> Take(FairQueue queue, string flow, CancellationToken cancellationToken = default) =>
        queue.TakeAsync(flow, cancellationToken).AsTask();

    [Fact]
    public async Task A_request_runs_at_once_while_there_are_seats()
    {
        var queue = Queue(8);

        var slots = Enumerable.Range(0, 6).Select(_ => Take(queue, "noisy")).ToList();

        Assert.All(slots, s => Assert.True(s.IsCompletedSuccessfully));
        (await slots[0]).Dispose();
        Assert.True(Take(queue, "noisy").IsCompletedSuccessfully);
    }

    [Fact]
    public void No_flow_has_all_seats()
    {
        var queue = Queue(8);

        var noisy = Enumerable.Range(0, 20).Select(_ => Take(queue, "noisy")).ToList();

        Assert.Equal(6, noisy.Count(s => s.IsCompleted));
        Assert.True(Take(queue, "quiet").IsCompletedSuccessfully);
        Assert.Equal(14, queue.Waiting);
    }

    [Fact]
    public async Task Free_seats_go_to_the_flows_in_turn()
    {
        var queue = Queue(1);
        var first = await Take(queue, "noisy");
        var noisy = Enumerable.Range(0, 50).Select(_ => Take(queue, "noisy")).ToList();
        var quiet = Take(queue, "quiet");

        first.Dispose();
        var second = await noisy[0].WaitAsync(TestApi.Patience);
        Assert.False(quiet.IsCompleted);
        second.Dispose();

        // One of the noisy flow's requests went before it, not fifty.
        await quiet.WaitAsync(TestApi.Patience);
        Assert.False(noisy[1].IsCompleted);
    }

    [Fact]
    public async Task A_full_queue_refuses_its_flow_and_no_other()
    {
        var queue = Queue(1, length: 2);
        using var slot = await Take(queue, "noisy");
        _ = Take(queue, "noisy");
        _ = Take(queue, "noisy");

        var refused = await Assert.ThrowsAsync<StatusException>(() => Take(queue, "noisy"));
        var other = Take(queue, "quiet");

        Assert.Equal(429, refused.Code);
        Assert.Equal("1", Assert.Single(refused.ToResponse().Headers, h => h.Key == "Retry-After").Value);
        Assert.False(other.IsFaulted);
    }

    [Fact]
    public async Task Who_waits_for_too_long_is_refused_and_takes_no_seat()
    {
        var queue = Queue(1);
        var slot = await Take(queue, "a");
        var late = Take(queue, "a");

        _time.Advance(TimeSpan.FromSeconds(16));
        var refused = await Assert.ThrowsAsync<StatusException>(() => late);
        slot.Dispose();

        Assert.Equal(429, refused.Code);
        Assert.Equal(0, queue.Waiting);
        Assert.True(Take(queue, "b").IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_client_that_leaves_takes_no_seat()
    {
        var queue = Queue(1);
        var slot = await Take(queue, "a");
        using var leaving = new CancellationTokenSource();
        var gone = Take(queue, "b", leaving.Token);
        var next = Take(queue, "c");

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        slot.Dispose();

        await next.WaitAsync(TestApi.Patience);
    }

    [Fact]
    public void Every_request_is_served_once_whatever_the_order_of_things() =>
        Gen.Int[0, 4]
            .Array[1, 60]
            .Sample(steps =>
            {
                var queue = Queue(3, length: 1000);
                var waiting = new List<Task<FairQueue.Slot>>();
                var running = new Queue<FairQueue.Slot>();
                var served = 0;
                void Collect()
                {
                    // The grant of a slot completes on another thread.
                    SpinWait.SpinUntil(() => waiting.Count(w => w.IsCompleted) == waiting.Count - queue.Waiting, TestApi.Patience);
                    foreach (var done in waiting.Where(w => w.IsCompleted).ToList())
                    {
                        waiting.Remove(done);
                        running.Enqueue(done.Result);
                        served++;
                    }
                }
                foreach (var step in steps)
                {
                    if (step == 4 && running.TryDequeue(out var slot))
                    {
                        slot.Dispose();
                    }
                    else
                    {
                        waiting.Add(Take(queue, $"flow {step}"));
                    }
                    Collect();
                    Assert.True(running.Count <= 3);
                }
                var asked = served + waiting.Count;
                while (running.TryDequeue(out var slot))
                {
                    slot.Dispose();
                    Collect();
                }
                Assert.Empty(waiting);
                Assert.Equal(asked, served);
                Assert.Equal(0, queue.Waiting);
            });
}
