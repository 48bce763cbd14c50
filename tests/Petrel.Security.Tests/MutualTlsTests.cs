using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Petrel.Security.Tests;

public sealed class MutualTlsTests : IDisposable
{
    private readonly AuthorityFixture _fixture = new();
    private readonly AuthorityFixture _other = new();

    public void Dispose()
    {
        _fixture.Dispose();
        _other.Dispose();
    }

    [Theory]
    [InlineData("kubernetes")]
    [InlineData("kubernetes.default")]
    [InlineData("kubernetes.default.svc")]
    [InlineData("kubernetes.default.svc.cluster.local")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task Server_and_client_accept_each_other(string name)
    {
        var authority = _fixture.Open();
        await using var server = new TlsServer(authority);
        Assert.Equal("O=system:masters, CN=kubernetes-admin", await UserAsync(server, name, authority, authority));
    }

    [Fact]
    public async Task A_client_refuses_a_server_by_another_name()
    {
        var authority = _fixture.Open();
        await using var server = new TlsServer(authority);
        await Assert.ThrowsAsync<AuthenticationException>(() => UserAsync(server, "elsewhere", authority, authority));
    }

    [Fact]
    public async Task A_client_refuses_a_server_of_another_authority()
    {
        var authority = _fixture.Open();
        await using var server = new TlsServer(authority);
        await Assert.ThrowsAsync<AuthenticationException>(() => UserAsync(server, "localhost", trusted: _other.Open(), own: authority));
    }

    [Fact]
    public async Task A_server_refuses_a_client_of_another_authority()
    {
        var authority = _fixture.Open();
        await using var server = new TlsServer(authority);
        Assert.Null(await UserAsync(server, "localhost", trusted: authority, own: _other.Open()));
    }

    /// <summary>The user that the server saw; null when it hung up.</summary>
    private static async Task<string?> UserAsync(TlsServer server, string name, ClusterAuthority trusted, ClusterAuthority own)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", server.Port, deadline.Token);
        await using var stream = new SslStream(client.GetStream());
        using var certificate = own.Issue(CertificateProfile.Admin).ToX509();
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = name,
                ClientCertificateContext = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
                CertificateChainPolicy = TlsServer.Trust(trusted),
            },
            deadline.Token
        );
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"), deadline.Token);
            var answer = await new StreamReader(stream).ReadToEndAsync(deadline.Token);
            return answer.Contains("\"user\":", StringComparison.Ordinal)
                ? answer[(answer.IndexOf("\"user\":\"", StringComparison.Ordinal) + 8)..^2]
                : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
