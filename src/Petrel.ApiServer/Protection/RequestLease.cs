namespace Petrel.ApiServer.Protection;

/// <summary>How long a request may take, and its seats once it has them. Dispose of it when the response is sent.</summary>
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

    /// <summary>Cancelled when the time is over.</summary>
    public CancellationToken Limit => _limit.Token;

    public bool HasTimedOut => _limit.IsCancellationRequested;

    /// <summary>The seats; null while the request waits for them, and for requests that need none.</summary>
    public FairQueue.Slot? Slot { get; set; }

    /// <summary>Gives the seats back when the time is over or the client has gone, whether or not anybody disposes of the lease.</summary>
    public void ReleaseAtEnd() => _either.Token.Register(() => Slot?.Dispose());

    /// <inheritdoc/>
    public void Dispose()
    {
        Slot?.Dispose();
        _either.Dispose();
        _limit.Dispose();
    }
}
