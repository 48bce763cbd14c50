namespace Petrel.Client;

/// <summary>
/// What a failed request means for its caller. A failure of the API is an <see cref="ApiException"/>; a failure of the connection is an
/// <see cref="IOException"/>, whatever carries the requests; a request that timed out is an <see cref="OperationCanceledException"/> that
/// the caller did not ask for.
/// </summary>
public static class ApiFailures
{
    /// <summary>
    /// Whether the same request may succeed when it is sent again: the connection failed, the request timed out, or the server was
    /// overloaded or failed (408, 429, 5xx). Refusals (including conflicts) are not transient, nor is a cancellation by
    /// <paramref name="stop"/>.
    /// </summary>
    public static bool IsTransient(Exception failure, CancellationToken stop) =>
        IsOutcomeUnknown(failure, stop) || failure is ApiException { StatusCode: 429 };

    /// <summary>
    /// Whether the server may have executed a write that failed so: no answer arrived, or the answer (408, 5xx) does not say. Every other
    /// status means that nothing was written. A cancellation by <paramref name="stop"/> is not a failure of the request, and answers false.
    /// </summary>
    public static bool IsOutcomeUnknown(Exception failure, CancellationToken stop) =>
        failure switch
        {
            ApiException refusal => refusal.StatusCode is 408 or >= 500,
            OperationCanceledException => !stop.IsCancellationRequested,
            _ => failure is IOException,
        };
}
