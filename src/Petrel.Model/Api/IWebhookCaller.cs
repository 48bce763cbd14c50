namespace Petrel.Model.Api;

/// <summary>Where to send a review.</summary>
/// <param name="Url">The address as certificates and people know it, https.</param>
/// <param name="Host">The host to connect to when it is not the URL's, or empty.</param>
/// <param name="Port">The port to connect to on that host.</param>
/// <param name="Authorities">The certificates (PEM) that the other side's must come from; empty: those that the system trusts.</param>
public sealed record WebhookEndpoint(Uri Url, string Host, int Port, string Authorities);

/// <summary>A response, unparsed.</summary>
public readonly record struct WebhookReply(int StatusCode, ReadOnlyMemory<byte> Body);

/// <summary>Sends reviews to webhooks: over HTTPS, or within a test or a simulation.</summary>
public interface IWebhookCaller
{
    /// <summary>Posts JSON and returns the answer, whatever its status.</summary>
    /// <exception cref="IOException">The webhook could not be reached, or broke off.</exception>
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
