using Petrel.Client;

namespace Petrel.LocalCluster.Supervision;

/// <summary>Waits until a component of a starting cluster is ready, up to a limit, with progress. Stops when the component ends.</summary>
/// <param name="limit">The limit of all waits together.</param>
/// <param name="progress">Receives progress messages.</param>
/// <param name="time">The clock.</param>
internal sealed class StartupWait(TimeSpan limit, Action<string> progress, TimeProvider time)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AttemptLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    /// <param name="what">The name of the component.</param>
    /// <param name="log">The log file that the error message names.</param>
    /// <param name="isReady">Whether it is ready. Transient failures count as "not yet".</param>
    /// <param name="isAlive">Whether it can still become ready.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="UserErrorException">The component ended, or the limit was exceeded.</exception>
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
            // Check this first, because a component that was ready and then ended is not ready.
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
