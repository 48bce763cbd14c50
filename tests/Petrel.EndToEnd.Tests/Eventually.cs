namespace Petrel.EndToEnd.Tests;

/// <summary>Waits for conditions with a deadline.</summary>
public static class Eventually
{
    /// <summary>Tries until <paramref name="attempt"/> answers something that is not null.</summary>
    /// <exception cref="TimeoutException">Never within the limit; the message holds what <paramref name="describe"/> says then.</exception>
    public static async Task<T> GetAsync<T>(string what, Func<Task<T?>> attempt, TimeSpan limit, Func<Task<string>>? describe = null)
        where T : class
    {
        using var timeout = new CancellationTokenSource(limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            if (await attempt() is { } found)
            {
                return found;
            }
            try
            {
                await timer.WaitForNextTickAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                var state = describe is null ? "" : "\n" + await describe();
                throw new TimeoutException($"Not within {limit.TotalSeconds:0} s: {what}.{state}");
            }
        }
    }

    /// <summary>Tries until <paramref name="condition"/> holds.</summary>
    public static Task TrueAsync(string what, Func<Task<bool>> condition, TimeSpan limit, Func<Task<string>>? describe = null) =>
        GetAsync(what, async () => await condition() ? what : null, limit, describe);
}
