namespace Petrel.Client;

/// <summary>
/// What a failed request means for its caller. An API failure is an <see cref="ApiException"/>. A connection failure is an
/// <see cref="IOException"/>, whatever the transport. A request that timed out is an <see cref="OperationCanceledException"/> that the
/// caller did not request.
/// </summary>
public static class ApiFailures
{
    /// <summary>
    /// Whether the same request may succeed when it is sent again: the connection failed, the request timed out, or the server was
    /// overloaded, out of disk space or failed (408, 429, 5xx). Refusals (including conflicts) are not transient, nor is a cancellation by
    /// <paramref name="stop"/>.
    /// </summary>
    public static bool IsTransient(Exception failure, CancellationToken stop) =>
        IsOutcomeUnknown(failure, stop) || failure is ApiException { StatusCode: 429 or 507 };

    /// <summary>
    /// Whether the server may have executed a write that failed this way: no response arrived, or the status (408, 5xx) leaves it open.
    /// Every other status means that nothing was written, and so does a full disk (507). A cancellation by <paramref name="stop"/> is not
    /// a failure of the request: the result is false.
    /// </summary>
    public static bool IsOutcomeUnknown(Exception failure, CancellationToken stop) =>
        failure switch
        {
            ApiException refusal => refusal.StatusCode is 408 or (>= 500 and not 507),
            OperationCanceledException => !stop.IsCancellationRequested,
            _ => failure is IOException,
        };
}
