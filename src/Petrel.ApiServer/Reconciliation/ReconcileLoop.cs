using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Reconciliation;

/// <summary>
/// Keeps something of the server in step with the objects of a kind: reconciles at the start, after each change of one of the objects,
/// and after a failure with a back-off. Runs never overlap; changes during a run lead to one more.
/// </summary>
/// <param name="subject">What is reconciled, for the log.</param>
/// <param name="kind">The kind whose objects are watched.</param>
internal sealed partial class ReconcileLoop(string subject, KindDefinition kind, CacheHub caches, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    /// <summary>Wakes the loop; other caches may be watched with it, too.</summary>
    public WatchSignal Signal { get; } = new();

    /// <summary>Reconciles until cancelled.</summary>
    public async Task RunAsync(Func<CancellationToken, ValueTask> reconcileAsync, CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var stop = cancellationToken.Register(Signal.Wake);
        var cache = caches.Of(kind);
        cache.BeginWatch(Signal);
        var retryAfter = FirstRetry;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    await reconcileAsync(cancellationToken);
                    retryAfter = FirstRetry;
                }
                catch (Exception e) when (e is StatusException or IOException)
                {
                    // A refusal, or a disk that fails.
                    LogFailed(log, subject, e.Message);
                    await Task.Delay(retryAfter, time, cancellationToken);
                    retryAfter = retryAfter * 2 < LongestRetry ? retryAfter * 2 : LongestRetry;
                    Signal.Wake();
                }
                await Signal.WaitAsync();
            }
        }
        finally
        {
            cache.EndWatch(Signal);
        }
    }

    [LoggerMessage(EventId = 2041, Level = LogLevel.Warning, Message = "Reconciling {Subject} failed and will be tried again: {Reason}")]
    private static partial void LogFailed(ILogger logger, string subject, string reason);
}
