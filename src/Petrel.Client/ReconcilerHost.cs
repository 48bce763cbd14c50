using Microsoft.Extensions.Logging;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>
/// Brings one object from its observed state towards its desired one: reads caches, computes a pure plan, applies it.
/// Called again whenever anything it depends on changes, so it must be idempotent.
/// </summary>
public interface IReconciler
{
    /// <summary>The controller's name in logs, events and metrics, for example <c>deployment-controller</c>.</summary>
    string Name { get; }

    /// <summary>Works on one key. Returns when to come back even without a change, or null.</summary>
    ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken);
}

/// <summary>Runs a reconciler over its work queue: a key that fails comes back with exponential delay.</summary>
public sealed partial class ReconcilerHost(IReconciler reconciler, WorkQueue<ObjectKey> queue, ILogger logger, int workers = 1)
{
    /// <summary>Works until cancelled; returns when every worker has stopped.</summary>
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
                // The cache was behind; the change that made it so is on its way.
                LogBehind(logger, reconciler.Name, key, e.Message);
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

    [LoggerMessage(EventId = 3011, Level = LogLevel.Error, Message = "{Controller}: reconciling {Key} failed and will be tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception, string controller, ObjectKey key);
}
