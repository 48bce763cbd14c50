using Petrel.Client;

namespace Petrel.Simulation.Scenarios;

/// <summary>What a patient user does when a request fails for reasons that are not theirs.</summary>
public static class Retry
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Tries until the API has answered with success; conflicts and outages are tried again, so that a request must look first whether it
    /// was done already.
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
