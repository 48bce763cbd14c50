using Petrel.Client;

namespace Petrel.SimulatedNodes;

/// <summary>
/// Counts requests that failed and are sent again. With thousands of nodes a server that is away for a moment would be told of thousands of
/// times.
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
    /// Whether another try may do better; conflicts and missing objects are the queue's business, and so is being stopped.
    /// </summary>
    public static bool IsPassing(Exception problem, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested
        && problem is ApiException { IsConflict: false, IsNotFound: false } or IOException or OperationCanceledException;
}
