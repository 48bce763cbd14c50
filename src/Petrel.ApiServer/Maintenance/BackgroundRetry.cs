using Microsoft.Extensions.Logging;
using Petrel.Model.Determinism;

namespace Petrel.ApiServer.Maintenance;

/// <summary>
/// Repeats a piece of background work until it succeeds. A failed write, for example on a full disk, must not end the server: it is logged,
/// and tried again after a delay that doubles from one second to one minute.
/// </summary>
internal sealed partial class BackgroundRetry(TimeProvider time, IEntropy entropy, ILogger log)
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(1);

    /// <summary>Returns when the work has succeeded.</summary>
    /// <param name="subject">What is done, for the log.</param>
    /// <param name="work">The work. It must be idempotent: a write that failed may have been executed.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    public async Task RunAsync(string subject, Func<CancellationToken, ValueTask> work, CancellationToken cancellationToken)
    {
        for (var delay = FirstDelay; ; delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay)
        {
            try
            {
                await work(cancellationToken);
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // A server that is being stopped refuses requests, those of its own loops too.
                cancellationToken.ThrowIfCancellationRequested();
                LogFailed(log, subject, e.Message);
            }
            // Between three quarters of the delay and all of it: several loops that failed together do not all write at once.
            await Task.Delay(delay * (0.75 + (entropy.NextDouble() / 4)), time, cancellationToken);
        }
    }

    [LoggerMessage(EventId = 2041, Level = LogLevel.Warning, Message = "{Subject} failed and will be tried again: {Reason}")]
    private static partial void LogFailed(ILogger logger, string subject, string reason);
}
