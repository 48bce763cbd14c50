namespace Petrel.Model.Api;

/// <summary>The endpoint of a webhook.</summary>
/// <param name="Url">The https URL. The certificate must match its host name, and messages show it.</param>
/// <param name="Host">The host to connect to when it differs from the URL's, or empty.</param>
/// <param name="Port">The port to connect to on <paramref name="Host"/>.</param>
/// <param name="Authorities">
/// The CA certificates (PEM) to verify the webhook's certificate with. If empty, the system's trusted authorities apply.
/// </param>
public sealed record WebhookEndpoint(Uri Url, string Host, int Port, string Authorities);

/// <summary>The unparsed response of a webhook.</summary>
public readonly record struct WebhookReply(int StatusCode, ReadOnlyMemory<byte> Body);

/// <summary>Sends reviews to webhooks: over HTTPS, or within a test or a simulation.</summary>
public interface IWebhookCaller
{
    /// <summary>Posts JSON and returns the response, whatever its status.</summary>
    /// <exception cref="IOException">The webhook could not be reached, or the connection was lost.</exception>
    ValueTask<WebhookReply> PostAsync(WebhookEndpoint endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);
}

/// <summary>A server that reaches no webhooks.</summary>
public sealed class NoWebhooks : IWebhookCaller
{
    public static NoWebhooks Instance { get; } = new();

    /// <inheritdoc/>
    public ValueTask<WebhookReply> PostAsync(WebhookEndpoint endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        throw new IOException("this server has no network to call webhooks in");
}
