using Petrel.LocalCluster.Supervision;

namespace Petrel.LocalCluster.Tests.Supervision;

public sealed class RestartBackoffTests
{
    [Fact]
    public void A_process_that_dies_at_once_waits_twice_as_long_each_time_up_to_thirty_seconds()
    {
        var backoff = new RestartBackoff();

        var delays = Enumerable.Range(0, 10).Select(_ => backoff.After(TimeSpan.FromSeconds(0.1)).TotalSeconds);

        Assert.Equal([0, 0.5, 1, 2, 4, 8, 16, 30, 30, 30], delays);
    }

    [Fact]
    public void A_process_that_ran_for_ten_seconds_starts_again_without_a_wait()
    {
        var backoff = new RestartBackoff();
        for (var i = 0; i < 5; i++)
        {
            backoff.After(TimeSpan.Zero);
        }

        Assert.Equal(TimeSpan.Zero, backoff.After(TimeSpan.FromSeconds(10)));
        Assert.Equal(TimeSpan.FromSeconds(0.5), backoff.After(TimeSpan.FromSeconds(9)));
    }
}
