using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Petrel.Model.Api;

namespace Petrel.Hosting.Connectors;

/// <summary>
/// Connects to agents over HTTPS with the API server's client certificate. Trusts only certificates that the cluster's own authority
/// issued for the agent's address.
/// </summary>
public sealed class HttpsNodeConnector : INodeConnector, IDisposable
{
    private const int ChunkSize = 16 * 1024;
    private readonly HttpClient _http;

    public HttpsNodeConnector(X509Certificate2 client, X509Certificate2 authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority);
        var sockets = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { ClientCertificates = [client], CertificateChainPolicy = policy },
            ConnectTimeout = TimeSpan.FromSeconds(5),
            UseProxy = false,
        };
        // No timeout, because followed logs do not end.
        _http = new HttpClient(sockets) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> SendAsync(
        NodeEndpoint endpoint,
        string path,
        IReadOnlyList<KeyValuePair<string, string>> query,
        CancellationToken cancellationToken
    )
    {
        if (endpoint.Address.Length == 0 || endpoint.Port == 0)
        {
            throw new IOException($"node {endpoint.Node} has not said where its agent listens");
        }
        using var request = new HttpRequestMessage(HttpMethod.Get, Target(endpoint, path, query));
        try
        {
            var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var contentType = response.Content.Headers.ContentType?.ToString() ?? "text/plain";
            if (response.IsSuccessStatusCode)
            {
                return new ApiResponse
                {
                    StatusCode = 200,
                    ContentType = contentType,
                    Stream = ReadAsync(response, cancellationToken),
                };
            }
            using (response)
            {
                return new ApiResponse
                {
                    StatusCode = (int)response.StatusCode,
                    ContentType = contentType,
                    Body = await response.Content.ReadAsByteArrayAsync(cancellationToken),
                };
            }
        }
        catch (Exception e) when (HttpFailures.IsConnectionFailure(e))
        {
            throw new IOException(e.InnerException?.Message ?? e.Message, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        HttpResponseMessage response,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var owned = response;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        while (true)
        {
            var buffer = new byte[ChunkSize];
            var count = await stream.ReadAsync(buffer, cancellationToken);
            if (count == 0)
            {
                yield break;
            }
            yield return buffer.AsMemory(0, count);
        }
    }

    private static Uri Target(NodeEndpoint endpoint, string path, IReadOnlyList<KeyValuePair<string, string>> query)
    {
        var host =
            IPAddress.TryParse(endpoint.Address, out var address)
            && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6
                ? $"[{endpoint.Address}]"
                : endpoint.Address;
        var target = new StringBuilder($"https://{host}:{endpoint.Port}{path}");
        var separator = '?';
        foreach (var (name, value) in query)
        {
            target.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }
        return new Uri(target.ToString());
    }
}
