namespace Petrel.ApiServer.Protection;

/// <summary>How long a request may take, and its concurrency slot once it has one. Dispose of it when the response is known.</summary>
internal sealed class RequestLease : IDisposable
{
    private readonly CancellationTokenSource _limit;
    private readonly CancellationTokenSource _either;

    public RequestLease(TimeSpan timeout, TimeProvider time, CancellationToken aborted)
    {
        _limit = new CancellationTokenSource(timeout, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(aborted, _limit.Token);
    }

    /// <summary>Cancelled when the time is over or the client has gone.</summary>
    public CancellationToken Token => _either.Token;

    public bool HasTimedOut => _limit.IsCancellationRequested;

    /// <summary>The slot; null while the request waits for one, and for requests that need none.</summary>
    public FairQueue.Slot? Slot { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Slot?.Dispose();
        _either.Dispose();
        _limit.Dispose();
    }
}
