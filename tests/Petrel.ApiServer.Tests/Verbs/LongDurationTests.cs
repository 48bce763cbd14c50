namespace Petrel.ApiServer.Tests.Verbs;

/// <summary>Durations that clients choose may be of any length.</summary>
public sealed class LongDurationTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";

    [Theory]
    [InlineData(9_000_000)]
    [InlineData(31_000_000_000)]
    [InlineData(long.MaxValue)]
    public async Task A_grace_period_is_taken(long seconds)
    {
        await using var api = await TestApi.StartAsync();
        await api.JsonAsync(
            201,
            "POST",
            Pods,
            """{"metadata":{"name":"a"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}"""
        );
        var deleted = await api.JsonAsync(200, "DELETE", $"{Pods}/a?gracePeriodSeconds={seconds}");
        Assert.Equal(Math.Min(seconds, 100L * 365 * 24 * 3600), (long?)deleted["metadata"]!["deletionGracePeriodSeconds"]);
        // It can be shortened later.
        await api.JsonAsync(200, "DELETE", $"{Pods}/a?gracePeriodSeconds=5");
        Assert.Equal(5, (long?)(await api.GetAsync(Pods + "/a"))["metadata"]!["deletionGracePeriodSeconds"]);
    }

    [Theory]
    [InlineData(9_000_000)]
    [InlineData(int.MaxValue)]
    public async Task A_watch_may_last_for_years(long seconds)
    {
        await using var api = await TestApi.StartAsync();
        await using var watch = await api.WatchAsync($"{Pods}?watch=1&timeoutSeconds={seconds}");
        await api.JsonAsync(201, "POST", Pods, """{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        Assert.Equal("ADDED a", await watch.NextTextAsync());
    }
}
