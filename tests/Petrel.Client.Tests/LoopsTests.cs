namespace Petrel.Client.Tests;

public sealed class LoopsTests
{
    private readonly List<string> _stopped = [];

    [Fact]
    public async Task When_one_fails_the_others_are_stopped_and_the_failure_is_thrown()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            Loops.RunTogetherAsync(TestContext.Current.CancellationToken, Forever("a"), _ => throw new IOException("broken"), Forever("b"))
        );
        Assert.Equal("broken", failure.Message);
        Assert.IsType<IOException>(failure.InnerException);
        Assert.Equal(["a", "b"], Stopped);
    }

    [Fact]
    public async Task All_have_ended_when_the_failure_is_thrown()
    {
        var cleaned = new TaskCompletionSource();
        var ended = false;
        var running = Loops.RunTogetherAsync(
            TestContext.Current.CancellationToken,
            _ => throw new IOException("broken"),
            async stop =>
            {
                await Forever("slow")(stop).ContinueWith(_ => { }, TaskScheduler.Default);
                await cleaned.Task;
                ended = true;
            }
        );
        Assert.False(running.IsCompleted);
        cleaned.SetResult();
        await Assert.ThrowsAsync<InvalidOperationException>(() => running);
        Assert.True(ended);
    }

    [Fact]
    public async Task When_one_ends_the_others_are_stopped()
    {
        await Loops.RunTogetherAsync(TestContext.Current.CancellationToken, Forever("a"), _ => Task.CompletedTask);
        Assert.Equal(["a"], Stopped);
    }

    [Fact]
    public async Task Being_stopped_is_no_failure()
    {
        using var stopping = new CancellationTokenSource();
        var running = Loops.RunTogetherAsync(stopping.Token, Forever("a"), Forever("b"));
        await stopping.CancelAsync();
        await running;
        Assert.Equal(["a", "b"], Stopped);
    }

    [Fact]
    public async Task Failures_while_stopping_are_thrown_too()
    {
        using var stopping = new CancellationTokenSource();
        var running = Loops.RunTogetherAsync(stopping.Token, FailsWhenStopped("first"), Forever("a"), FailsWhenStopped("second"));
        await stopping.CancelAsync();
        var failure = await Assert.ThrowsAsync<AggregateException>(() => running);
        Assert.Equal(["first", "second"], failure.InnerExceptions.Select(e => e.Message));
    }

    [Fact]
    public async Task A_cancellation_that_nobody_asked_for_is_a_failure()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            Loops.RunTogetherAsync(TestContext.Current.CancellationToken, Forever("a"), _ =>
                throw new TaskCanceledException("a request timed out")
            )
        );
        Assert.Equal("a request timed out", failure.Message);
        Assert.Equal(["a"], Stopped);
    }

    private IEnumerable<string> Stopped => _stopped.Order(StringComparer.Ordinal);

    private Func<CancellationToken, Task> Forever(string name) =>
        async stop =>
        {
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, stop);
            }
            finally
            {
                lock (_stopped)
                {
                    _stopped.Add(name);
                }
            }
        };

    private static Func<CancellationToken, Task> FailsWhenStopped(string message) =>
        async stop =>
        {
            var stopped = new TaskCompletionSource();
            using var registration = stop.Register(stopped.SetResult);
            await stopped.Task;
            throw new IOException(message);
        };
}
