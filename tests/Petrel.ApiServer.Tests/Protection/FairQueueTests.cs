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
        queue.TakeAsync(flow, 1, cancellationToken).AsTask();

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
    public async Task A_wide_request_waits_for_its_seats_and_nobody_overtakes_it()
    {
        var queue = Queue(8);
        var first = await Take(queue, "a");
        var second = await queue.TakeAsync("b", 5, default);

        var wide = queue.TakeAsync("c", 6, default).AsTask();
        var late = Take(queue, "d");
        Assert.False(wide.IsCompleted);
        Assert.False(late.IsCompleted);
        first.Dispose();
        Assert.False(wide.IsCompleted);
        second.Dispose();

        await wide.WaitAsync(TestApi.Patience);
        await late.WaitAsync(TestApi.Patience);
        Assert.Equal(7, queue.Held);
    }

    [Fact]
    public async Task A_flow_that_waits_for_its_own_seats_holds_nobody_up()
    {
        var queue = Queue(8);
        using var held = await queue.TakeAsync("noisy", 5, default);
        var waiting = queue.TakeAsync("noisy", 5, default).AsTask();

        var other = Take(queue, "quiet");

        Assert.False(waiting.IsCompleted);
        Assert.True(other.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Nothing_is_wider_than_what_one_flow_may_hold()
    {
        var queue = Queue(8);

        using var slot = await queue.TakeAsync("a", 1000, default);

        Assert.Equal(6, slot.Width);
        Assert.True(Take(queue, "b").IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Seats_are_given_back_once()
    {
        var queue = Queue(8);
        var slot = await queue.TakeAsync("a", 3, default);

        slot.Dispose();
        slot.Dispose();

        Assert.Equal(0, queue.Held);
    }

    [Fact]
    public async Task When_a_wide_request_gives_up_those_behind_it_run()
    {
        var queue = Queue(4);
        using var held = await queue.TakeAsync("a", 3, default);
        using var leaving = new CancellationTokenSource();
        var wide = queue.TakeAsync("b", 3, leaving.Token).AsTask();
        var behind = Take(queue, "c");
        Assert.False(behind.IsCompleted);

        await leaving.CancelAsync();

        await behind.WaitAsync(TestApi.Patience);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wide);
    }

    [Fact]
    public async Task Clients_that_left_take_no_place_in_the_queue()
    {
        var queue = Queue(1, length: 2);
        using var slot = await Take(queue, "a");
        for (var i = 0; i < 10; i++)
        {
            using var leaving = new CancellationTokenSource();
            var gone = Take(queue, "a", leaving.Token);
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        }

        var waiting = Take(queue, "a");

        Assert.False(waiting.IsCompleted);
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
                        // Of three seats one flow may hold two.
                        waiting.Add(queue.TakeAsync($"flow {step}", 1 + (step % 2), default).AsTask());
                    }
                    Collect();
                    Assert.True(running.Sum(r => r.Width) <= 3);
                    Assert.Equal(running.Sum(r => r.Width), queue.Held);
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
