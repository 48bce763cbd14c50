using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Petrel.Security.Tests;

/// <summary>
/// A server on a free loopback port that requires a client certificate of the authority and answers every request with its user's name.
/// </summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly SslServerAuthenticationOptions _options;
    private readonly Task _accepting;

    public TlsServer(ClusterAuthority authority)
    {
        _options = new SslServerAuthenticationOptions
        {
            ServerCertificate = authority.Issue(AuthorityFixture.Server).ToX509(),
            ClientCertificateRequired = true,
            CertificateChainPolicy = Trust(authority),
        };
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public static X509ChainPolicy Trust(ClusterAuthority authority)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(authority.CertificatePem));
        return policy;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        await using (var stream = new SslStream(client.GetStream()))
        {
            try
            {
                await stream.AuthenticateAsServerAsync(_options, _stop.Token);
                using var reader = new StreamReader(stream);
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 }) { }
                var body = $$"""{"user":"{{stream.RemoteCertificate!.Subject}}"}""";
                await stream.WriteAsync(
                    Encoding.ASCII.GetBytes(
                        $"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: "
                            + $"close\r\n\r\n{body}"
                    ),
                    _stop.Token
                );
            }
            catch (Exception error)
                when (error is IOException or System.Security.Authentication.AuthenticationException or OperationCanceledException)
            {
                // A client that was refused, or went away.
            }
        }
    }
}
