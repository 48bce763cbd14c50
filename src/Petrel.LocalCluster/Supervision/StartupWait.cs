using Petrel.Client;

namespace Petrel.LocalCluster.Supervision;

/// <summary>Waits until a part of a starting cluster is ready: to a stated limit, with progress, and not beyond the part's end.</summary>
/// <param name="limit">How long it waits in all.</param>
/// <param name="progress">Where the wait is told.</param>
/// <param name="time">The clock.</param>
internal sealed class StartupWait(TimeSpan limit, Action<string> progress, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    /// <param name="what">What is waited for.</param>
    /// <param name="log">The log file to read when it does not come.</param>
    /// <param name="isReady">Whether it is ready; failures that may pass count as "not yet".</param>
    /// <param name="isAlive">Whether it can still become ready.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="UserErrorException">It ended, or the limit has passed.</exception>
    public async Task ForAsync(
        string what,
        string log,
        Func<CancellationToken, Task<bool>> isReady,
        Func<bool> isAlive,
        CancellationToken cancellationToken
    )
    {
        var start = time.GetTimestamp();
        var told = start;
        var failure = "";
        while (true)
        {
            // Asked before: whatever was ready before it ended has ended all the same.
            var alive = isAlive();
            try
            {
                using var attempt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                attempt.CancelAfter(AttemptLimit);
                if (alive && await isReady(attempt.Token))
                {
                    return;
                }
            }
            catch (Exception e) when (ApiFailures.IsTransient(e, cancellationToken))
            {
                failure = e is OperationCanceledException ? "It does not answer." : e.Message;
            }
            if (!alive)
            {
                var last = LogFile.LastLine(log);
                throw new UserErrorException(
                    $"{Capitalized(what)} ended while it started{(last.Length > 0 ? $": {last}" : ".")} Its log is {log}."
                );
            }
            if (time.GetElapsedTime(start) > limit)
            {
                throw new UserErrorException($"Waited {limit.TotalSeconds:0} s for {what} in vain. {failure} See {log}.");
            }
            if (time.GetElapsedTime(told) > ProgressInterval)
            {
                told = time.GetTimestamp();
                progress($"waiting for {what} ({time.GetElapsedTime(start).TotalSeconds:0} of {limit.TotalSeconds:0} s)");
            }
            await Task.Delay(Poll, time, cancellationToken);
        }
    }

    private static string Capitalized(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
