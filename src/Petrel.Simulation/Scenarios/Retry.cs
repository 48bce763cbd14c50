using Petrel.Client;

namespace Petrel.Simulation.Scenarios;

/// <summary>Retries requests that fail for reasons outside of the user's control.</summary>
public static class Retry
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Retries until the request succeeds. After a conflict or an outage it is sent again, so it must check first whether it has been done
    /// already.
    /// </summary>
    public static async Task AsUserAsync(TimeProvider time, Func<Task> request, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await request();
                return;
            }
            catch (Exception e) when (e is IOException or ApiException { Status.Code: 409 or 429 or >= 500 })
            {
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }
}
