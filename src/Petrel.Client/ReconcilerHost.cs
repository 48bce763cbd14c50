using Microsoft.Extensions.Logging;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>
/// Moves one object from its actual towards its desired state: reads caches, computes a pure plan, applies it. It is called again whenever
/// a dependency changes, so it must be idempotent.
/// </summary>
public interface IReconciler
{
    /// <summary>The controller's name in logs, events and metrics, for example <c>deployment-controller</c>.</summary>
    string Name { get; }

    /// <summary>Reconciles one key. Returns the delay after which to requeue it even without a change, or null.</summary>
    ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken);
}

/// <summary>Runs a reconciler over its work queue. A key that fails is requeued with exponential backoff.</summary>
public sealed partial class ReconcilerHost(IReconciler reconciler, WorkQueue<ObjectKey> queue, ILogger logger, int workers = 1)
{
    /// <summary>Runs until cancelled; returns when every worker has stopped.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => WorkAsync(cancellationToken)));
    }

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (!cancellationToken.IsCancellationRequested)
        {
            ObjectKey key;
            try
            {
                key = await queue.TakeAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            try
            {
                var again = await reconciler.ReconcileAsync(key, cancellationToken);
                queue.Forget(key);
                if (again is { } delay)
                {
                    queue.AddAfter(key, delay);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException e) when (e.IsConflict || e.IsNotFound)
            {
                // The cache was stale. The watch will soon deliver the missing change, so requeue the key.
                LogBehind(logger, reconciler.Name, key, e.Message);
                queue.AddRateLimited(key);
            }
            catch (ApiException e) when (e.StatusCode is >= 400 and < 500)
            {
                // The API refuses what the object asks for, for example because of a quota: no fault of the program.
                LogRefused(logger, reconciler.Name, key, e.Message);
                queue.AddRateLimited(key);
            }
            catch (Exception e)
            {
                LogFailed(logger, e, reconciler.Name, key);
                queue.AddRateLimited(key);
            }
            finally
            {
                queue.Done(key);
            }
        }
    }

    [LoggerMessage(EventId = 3010, Level = LogLevel.Debug, Message = "{Controller}: {Key} is tried again: {Reason}")]
    private static partial void LogBehind(ILogger logger, string controller, ObjectKey key, string reason);

    [LoggerMessage(EventId = 3012, Level = LogLevel.Information, Message = "{Controller}: the API refuses a request for {Key}: {Reason}")]
    private static partial void LogRefused(ILogger logger, string controller, ObjectKey key, string reason);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Error, Message = "{Controller}: reconciling {Key} failed and will be tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception, string controller, ObjectKey key);
}
