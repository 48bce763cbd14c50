using System.Net.Sockets;
using Petrel.Model.Api;

namespace Petrel.Agent.Probes;

/// <summary>Runs probes over real sockets. HTTPS probes do not verify certificates, as upstream documents.</summary>
public sealed class SocketProber(TimeProvider time) : IProber, IDisposable
{
#pragma warning disable CA5359 // A probe tests whether the pod responds, not its identity (Kubernetes documentation, "HTTP probes").
    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.Zero,
            UseProxy = false,
            UseCookies = false,
            SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true },
        }
    )
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };
#pragma warning restore CA5359

    // HTTP/2 without TLS, as gRPC health services of pods speak it.
    private readonly HttpClient _grpc = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.Zero,
            UseProxy = false,
            UseCookies = false,
        }
    )
    {
        Timeout = Timeout.InfiniteTimeSpan,
        DefaultRequestVersion = System.Net.HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    /// <inheritdoc/>
    public async ValueTask<string?> HttpAsync(
        Uri uri,
        IReadOnlyList<KeyValuePair<string, string>> headers,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.35");
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return (int)response.StatusCode is >= 200 and < 400 ? null : $"HTTP probe failed with statuscode: {(int)response.StatusCode}";
        }
        catch (Exception e) when (HttpFailures.IsConnectionFailure(e))
        {
            return $"Get \"{uri}\": {DialProblem.OfRequest(e, uri.Host, uri.Port)}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"Get \"{uri}\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
        }
    }

    /// <inheritdoc/>
    public async ValueTask<string?> TcpAsync(string host, int port, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(host, port, both.Token);
            return null;
        }
        catch (SocketException e)
        {
            return DialProblem.Of(e, host, port);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return DialProblem.TimedOut(host, port);
        }
    }

    /// <inheritdoc/>
    public ValueTask<string?> GrpcAsync(string host, int port, string service, TimeSpan timeout, CancellationToken cancellationToken) =>
        GrpcHealth.CheckAsync(_grpc, host, port, service, timeout, time, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _grpc.Dispose();
    }
}
