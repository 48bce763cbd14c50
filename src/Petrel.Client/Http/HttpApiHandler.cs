using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Petrel.Model.Api;

namespace Petrel.Client.Http;

/// <summary>
/// Sends API requests to a server over HTTPS (HTTP/2), as the user of its client certificate. It trusts only server certificates of the
/// cluster's own authority. <see cref="ApiRequest.User"/> is not sent, because the certificate identifies the user.
/// </summary>
public sealed class HttpApiHandler : IApiHandler, IDisposable
{
    private const int ChunkSize = 16 * 1024;
    private readonly HttpClient _http;

    public HttpApiHandler(Uri server, X509Certificate2 client, X509Certificate2 authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(authority);
        var sockets = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { ClientCertificates = [client], CertificateChainPolicy = policy },
            EnableMultipleHttp2Connections = true,
            // Pings detect a dead peer, even while a watch is silent.
            KeepAlivePingDelay = TimeSpan.FromSeconds(5),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            UseProxy = false,
        };
        _http = new HttpClient(sockets)
        {
            BaseAddress = server,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            // A watch may stay open forever.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(new HttpMethod(request.Method), Target(request));
        if (request.Accept.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("Accept", request.Accept);
        }
        if (request.UserAgent.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("User-Agent", request.UserAgent);
        }
        if (request.IfNoneMatch.Length > 0)
        {
            message.Headers.TryAddWithoutValidation("If-None-Match", request.IfNoneMatch);
        }
        if (request.Body.Length > 0)
        {
            message.Content = new ReadOnlyMemoryContent(request.Body);
            message.Content.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
        }
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (Exception e) when (HttpFailures.IsConnectionFailure(e))
        {
            throw new IOException(e.InnerException is null ? e.Message : $"{e.Message} {e.InnerException.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // The connection attempt timed out.
            throw new IOException($"The server at {_http.BaseAddress} did not answer in time.", e);
        }
        var contentType = response.Content.Headers.ContentType?.ToString() ?? "";
        var headers = response.Headers.Select(h => KeyValuePair.Create(h.Key, string.Join(", ", h.Value))).ToList();
        if (response.IsSuccessStatusCode && IsStream(request))
        {
            return new ApiResponse
            {
                StatusCode = (int)response.StatusCode,
                ContentType = contentType,
                Headers = headers,
                Stream = ReadChunksAsync(response, cancellationToken),
            };
        }
        using (response)
        {
            try
            {
                return new ApiResponse
                {
                    StatusCode = (int)response.StatusCode,
                    ContentType = contentType,
                    Headers = headers,
                    Body = await response.Content.ReadAsByteArrayAsync(cancellationToken),
                };
            }
            catch (Exception e) when (HttpFailures.IsConnectionFailure(e))
            {
                throw new IOException(e.Message, e);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static bool IsStream(ApiRequest request) =>
        request.QueryValue("watch") is "true" or "1" || request.Path.EndsWith("/log", StringComparison.Ordinal);

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadChunksAsync(
        HttpResponseMessage response,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var owned = response;
        await using var stream = await Connected(async () => await response.Content.ReadAsStreamAsync(cancellationToken));
        while (true)
        {
            // Allocate a new buffer for each chunk, because the consumer may keep it.
            var buffer = new byte[ChunkSize];
            var count = await Connected(async () => await stream.ReadAsync(buffer, cancellationToken));
            if (count == 0)
            {
                yield break;
            }
            yield return buffer.AsMemory(0, count);
        }
    }

    // A lost connection is an IOException, whichever way the HTTP stack reports it.
    private static async ValueTask<T> Connected<T>(Func<ValueTask<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception e) when (HttpFailures.IsConnectionFailure(e))
        {
            throw new IOException(e.Message, e);
        }
    }

    private static string Target(ApiRequest request)
    {
        var target = new StringBuilder();
        target.AppendJoin('/', request.Path.Split('/').Select(Uri.EscapeDataString));
        var separator = '?';
        foreach (var (name, value) in request.Query)
        {
            target.Append(separator).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            separator = '&';
        }
        return target.ToString();
    }
}
