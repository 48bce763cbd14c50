namespace Petrel.Model.Api;

/// <summary>
/// The transport's side of one request: its body, which is read only when somebody asks for it, and its response, which takes time to send.
/// </summary>
public interface IApiExchange
{
    /// <summary>The length of the request's body in bytes, as announced; null when it is not known before the end.</summary>
    long? BodyLength { get; }

    /// <summary>
    /// Tells the transport who the request's user is.
    /// </summary>
    /// <returns>The response when the transport refuses to serve the user; otherwise null.</returns>
    ApiResponse? Identify(UserInfo user);

    /// <summary>Reads the request's body. Call it once.</summary>
    ValueTask<RequestBody> ReadBodyAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Keeps something until the response is sent, or can't be sent any more, and then disposes of it.
    /// </summary>
    /// <param name="held">What to keep.</param>
    /// <param name="limit">Cut the response off when this is cancelled.</param>
    void HoldUntilSent(IDisposable held, CancellationToken limit);
}

/// <summary>A request's body.</summary>
/// <param name="Bytes">The whole body.</param>
/// <param name="Refusal">The response when the body can't be accepted, for example because it is too large.</param>
public readonly record struct RequestBody(ReadOnlyMemory<byte> Bytes, ApiResponse? Refusal = null);

/// <summary>Handles requests whose bodies the transport has not read yet, and limits what responses take until they are sent.</summary>
public interface IApiExchangeHandler : IApiHandler
{
    /// <param name="request">The request, without its body.</param>
    /// <param name="exchange">Reads the body.</param>
    /// <param name="cancellationToken">The client no longer waits for the response.</param>
    ValueTask<ApiResponse> HandleAsync(ApiRequest request, IApiExchange exchange, CancellationToken cancellationToken);
}
