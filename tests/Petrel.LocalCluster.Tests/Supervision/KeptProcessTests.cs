using Petrel.LocalCluster.Supervision;

namespace Petrel.LocalCluster.Tests.Supervision;

public sealed class KeptProcessTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    private readonly ManualTime _time = new();
    private readonly List<string> _progress = [];
    private bool _wanted = true;
    private bool _running = true;
    private bool _dies;
    private Exception? _failure;
    private int _starts;

    [Fact]
    public async Task A_process_that_dies_after_a_while_is_started_at_the_next_look()
    {
        var kept = Create();
        await StepsAsync(kept, 200);
        _running = false;

        await kept.CheckAsync(default);

        Assert.Equal(1, _starts);
        Assert.True(_running);
        Assert.Equal(["the server ended: no space; starting it again", "the server started again"], _progress);
    }

    [Fact]
    public async Task A_process_that_dies_at_once_is_started_a_handful_of_times_in_twenty_seconds()
    {
        var kept = Create();
        (_running, _dies) = (false, true);

        await StepsAsync(kept, 200);

        // At 0, 0.5, 1.5, 3.5, 7.5 and 15.5 s, give or take a step each.
        Assert.Equal(6, _starts);
    }

    [Fact]
    public async Task A_process_that_is_killed_again_and_again_while_it_serves_is_back_within_half_a_second()
    {
        var kept = Create(token => Task.FromResult(_running));
        for (var kill = 1; kill <= 8; kill++)
        {
            await StepsAsync(kept, 15);
            _running = false;

            await StepsAsync(kept, 7);

            Assert.Equal(kill, _starts);
            Assert.True(_running);
        }
    }

    [Fact]
    public async Task A_process_that_is_switched_off_stays_so_until_it_is_wanted()
    {
        var kept = Create();
        (_running, _wanted) = (false, false);
        await StepsAsync(kept, 100);
        Assert.Equal(0, _starts);

        _wanted = true;
        await StepsAsync(kept, 1);

        Assert.Equal(1, _starts);
    }

    [Fact]
    public async Task A_start_that_fails_is_tried_again_and_ends_nothing()
    {
        var kept = Create();
        (_running, _failure) = (false, new IOException("No space left on device"));
        await StepsAsync(kept, 20);
        Assert.InRange(_starts, 2, 4);

        _failure = null;
        await StepsAsync(kept, 20);

        Assert.True(_running);
        Assert.Contains(_progress, line =>
            line.StartsWith("the server can't be started: No space left on device", StringComparison.Ordinal)
        );
    }

    private KeptProcess Create(Func<CancellationToken, Task<bool>>? isServing = null) =>
        new(
            "the server",
            () => _wanted,
            () => _running,
            _ =>
            {
                _starts++;
                if (_failure is not null)
                {
                    throw _failure;
                }
                _running = !_dies;
                return Task.CompletedTask;
            },
            () => "no space",
            _progress.Add,
            _time,
            isServing
        );

    private async Task StepsAsync(KeptProcess kept, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await kept.CheckAsync(default);
            _time.Advance(Step);
        }
    }
}
