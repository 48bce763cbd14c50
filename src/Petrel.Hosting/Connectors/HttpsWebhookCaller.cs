using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.Hosting.Connectors;

/// <summary>
/// Calls webhooks over HTTPS. Clients and their connections are reused for each set of trusted authorities. The certificate of a webhook
/// behind a Service is checked against the Service's name, and the connection goes to one of the Service's pods.
/// </summary>
public sealed class HttpsWebhookCaller : IWebhookCaller, IDisposable
{
    // Few configurations have their own authorities. The limit applies to programs that rotate their authorities often.
    private const int MaxClients = 64;
    private const int MaxReplyBytes = 3 * 1024 * 1024;

    private static readonly HttpRequestOptionsKey<WebhookEndpoint> Target = new("petrel.webhook");

    private readonly Lock _gate = new();
    private readonly LinkedList<(string Authorities, HttpClient Client)> _clients = new();

    /// <inheritdoc/>
    public async ValueTask<WebhookReply> PostAsync(WebhookEndpoint endpoint, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url) { Content = new ReadOnlyMemoryContent(body) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
            request.Options.Set(Target, endpoint);
            using var response = await ClientFor(endpoint.Authorities)
                .SendAsync(request, HttpCompletionOption.ResponseContentRead, cancellationToken);
            return new((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (Exception e) when (e is CryptographicException || HttpFailures.IsConnectionFailure(e))
        {
            throw new IOException(e.InnerException?.Message ?? e.Message, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var (_, client) in _clients)
            {
                client.Dispose();
            }
            _clients.Clear();
        }
    }

    private HttpClient ClientFor(string authorities)
    {
        lock (_gate)
        {
            for (var node = _clients.First; node is not null; node = node.Next)
            {
                if (node.Value.Authorities == authorities)
                {
                    _clients.Remove(node);
                    _clients.AddFirst(node);
                    return node.Value.Client;
                }
            }
            if (_clients.Count == MaxClients)
            {
                // Calls in progress keep using the client. Its idle connections close by themselves.
                _clients.RemoveLast();
            }
            var client = Create(authorities);
            _clients.AddFirst((authorities, client));
            return client;
        }
    }

    private static HttpClient Create(string authorities)
    {
        var tls = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (authorities.Length > 0)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            tls.CertificateChainPolicy.CustomTrustStore.ImportFromPem(authorities);
        }
        var sockets = new SocketsHttpHandler
        {
            SslOptions = tls,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            ConnectCallback = ConnectAsync,
        };
        // No client timeout, because each call has its own deadline.
        return new HttpClient(sockets) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxReplyBytes };
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var named = context.DnsEndPoint;
        if (context.InitialRequestMessage.Options.TryGetValue(Target, out var endpoint) && endpoint.Host.Length > 0)
        {
            named = new DnsEndPoint(endpoint.Host, endpoint.Port);
        }
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(named, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
