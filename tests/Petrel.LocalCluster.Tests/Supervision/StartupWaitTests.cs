using Petrel.LocalCluster.Supervision;

namespace Petrel.LocalCluster.Tests.Supervision;

public sealed class StartupWaitTests : IDisposable
{
    private readonly string _log = Path.GetTempFileName();
    private readonly List<string> _progress = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_process_that_ends_while_it_starts_ends_the_wait_with_its_last_line()
    {
        await File.WriteAllTextAsync(_log, "starting\npetrel: the store is damaged.\n   at Somewhere()\n", Token);

        var ended = await Assert.ThrowsAsync<UserErrorException>(() =>
            Wait(TimeSpan.FromMinutes(5)).ForAsync("the API server", _log, _ => Task.FromResult(false), () => false, Token)
        );

        Assert.Equal($"The API server ended while it started: petrel: the store is damaged. Its log is {_log}.", ended.Message);
    }

    [Fact]
    public async Task A_slow_answer_is_waited_for()
    {
        var attempts = 0;
        Task<bool> IsReady(CancellationToken token) =>
            ++attempts switch
            {
                1 => throw new TaskCanceledException("connecting took 5 s"),
                2 => throw new IOException("connection refused"),
                var n => Task.FromResult(n > 3),
            };

        await Wait(TimeSpan.FromMinutes(5)).ForAsync("the API server", _log, IsReady, () => true, Token);

        Assert.Equal(4, attempts);
    }

    [Fact]
    public async Task The_limit_that_is_stated_is_kept()
    {
        var late = await Assert.ThrowsAsync<UserErrorException>(() =>
            Wait(TimeSpan.FromSeconds(1))
                .ForAsync("the API server", _log, _ => throw new IOException("connection refused"), () => true, Token)
        );

        Assert.Equal($"Waited 1 s for the API server in vain. connection refused See {_log}.", late.Message);
    }

    public void Dispose() => File.Delete(_log);

    private StartupWait Wait(TimeSpan limit) => new(limit, _progress.Add, TimeProvider.System);
}
