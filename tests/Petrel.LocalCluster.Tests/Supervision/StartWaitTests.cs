using Petrel.LocalCluster.Supervision;

namespace Petrel.LocalCluster.Tests.Supervision;

/// <summary>A slow start is waited for to its stated limit, and then named in one line.</summary>
public sealed class StartWaitTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(300);

    [Fact]
    public async Task A_server_that_never_answers_ends_the_wait_at_the_limit()
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() =>
            WaitAsync(async stop =>
            {
                await Task.Delay(Timeout.Infinite, stop);
                return true;
            })
        );
        Assert.Equal("The API server is not ready after 0 s: see /log.", error.Message);
    }

    [Fact]
    public async Task A_refused_connection_is_tried_again_and_then_told()
    {
        var tries = 0;
        var error = await Assert.ThrowsAsync<UserErrorException>(() =>
            WaitAsync(_ =>
            {
                tries++;
                throw new IOException("refused");
            })
        );
        Assert.True(tries > 1);
        Assert.Contains("(refused)", error.Message);
    }

    [Fact]
    public async Task A_late_answer_within_the_limit_counts()
    {
        var tries = 0;
        await WaitAsync(_ => Task.FromResult(++tries == 4));
        Assert.Equal(4, tries);
    }

    [Fact]
    public async Task A_user_who_interrupts_is_not_told_of_the_limit()
    {
        using var stop = new CancellationTokenSource();
        var wait = Supervisor.WaitAsync("The API server is not ready", "/log", _ => Task.FromResult(false), Limit, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    private static Task WaitAsync(Func<CancellationToken, Task<bool>> condition) =>
        Supervisor.WaitAsync("The API server is not ready", "/log", condition, Limit, TestContext.Current.CancellationToken);
}
