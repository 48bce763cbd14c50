namespace Petrel.SimulatedNodes;

/// <summary>Waits between retries.</summary>
internal static class RetryPause
{
    /// <summary>Waits. On cancellation it returns early without an exception, because the caller's loop checks its own condition.</summary>
    public static async ValueTask ForAsync(TimeSpan duration, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(duration, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Cancelled.
        }
    }
}
