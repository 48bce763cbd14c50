namespace Petrel.SimulatedNodes;

/// <summary>Waiting between tries.</summary>
internal static class RetryPause
{
    /// <summary>Waits; returns early, without an exception, when cancelled: the caller's loop ends by its own condition.</summary>
    public static async ValueTask ForAsync(TimeSpan duration, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(duration, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
    }
}
