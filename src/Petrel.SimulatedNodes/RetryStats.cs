using Petrel.Client;

namespace Petrel.SimulatedNodes;

/// <summary>
/// Counts requests that failed and are sent again. The simulator reports the count, because a short outage of the server would otherwise
/// cause one log line for each of thousands of nodes.
/// </summary>
internal sealed class RetryStats
{
    private readonly Lock _gate = new();
    private long _count;
    private string _last = "";

    public (long Count, string Last) Read()
    {
        lock (_gate)
        {
            return (_count, _last);
        }
    }

    public void Note(Exception problem)
    {
        lock (_gate)
        {
            (_count, _last) = (_count + 1, problem.Message);
        }
    }

    /// <summary>
    /// Whether a retry may succeed. False for conflicts and missing objects, which the queue handles, and for cancellation.
    /// </summary>
    public static bool IsPassing(Exception problem, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested
        && problem is ApiException { IsConflict: false, IsNotFound: false } or IOException or OperationCanceledException;
}
