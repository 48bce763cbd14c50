using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Petrel.Security.Tests;

public sealed class ClusterAuthorityTests : IDisposable
{
    private readonly string _directory = Path.Combine(Directory.CreateTempSubdirectory("petrel-pki-").FullName, "pki");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_directory)!, recursive: true);

    [Fact]
    public void Opening_again_gives_the_same_authority_and_the_same_certificates()
    {
        var first = Open();
        var admin = first.Issue(CertificateProfile.Admin);
        var again = Open();

        Assert.Equal(first.CertificatePem, again.CertificatePem);
        Assert.Equal(admin.CertificatePem, again.Issue(CertificateProfile.Admin).CertificatePem);
        Assert.Equal(admin.ToX509().Thumbprint, again.Issue(CertificateProfile.Admin).ToX509().Thumbprint);
        Assert.True(again.Issue(CertificateProfile.Admin).ToX509().HasPrivateKey);
    }

    [Fact]
    public void A_certificate_for_other_addresses_is_issued_anew()
    {
        var authority = Open();
        var one = authority.Issue(CertificateProfile.ApiServer([IPAddress.Loopback]));
        var other = authority.Issue(CertificateProfile.ApiServer([IPAddress.Loopback, IPAddress.Parse("10.64.255.1")]));

        Assert.NotEqual(one.CertificatePem, other.CertificatePem);
        Assert.True(other.ToX509().MatchesHostname("10.64.255.1"));
        Assert.True(other.ToX509().MatchesHostname("kubernetes.default.svc"));
        Assert.False(other.ToX509().MatchesHostname("example.com"));
    }

    [Fact]
    public void A_certificate_that_ends_within_thirty_days_is_renewed()
    {
        var start = DateTimeOffset.UtcNow;
        var before = ClusterAuthority.Open(_directory, new FixedTime(start)).Issue(CertificateProfile.Admin);
        var soon = ClusterAuthority.Open(_directory, new FixedTime(start.AddDays(334))).Issue(CertificateProfile.Admin);
        var late = ClusterAuthority.Open(_directory, new FixedTime(start.AddDays(336))).Issue(CertificateProfile.Admin);

        Assert.Equal(before.CertificatePem, soon.CertificatePem);
        Assert.NotEqual(before.CertificatePem, late.CertificatePem);
    }

    [Fact]
    public void Every_file_is_open_to_its_owner_only()
    {
        var authority = Open();
        authority.Issue(CertificateProfile.Admin);
        Kubeconfig.Write(Path.Combine(_directory, "kubeconfig"), "https://127.0.0.1:1", authority.CertificatePem, authority.Issue(CertificateProfile.Admin));

        Assert.All(Directory.GetFiles(_directory), path => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path)));
        Assert.Equal(4, Directory.GetFiles(_directory).Length);
    }

    [Fact]
    public async Task Server_and_client_prove_themselves_to_each_other_by_the_authority()
    {
        var authority = Open();
        var server = authority.Issue(CertificateProfile.ApiServer([IPAddress.Loopback])).ToX509();
        var node = authority.Issue(CertificateProfile.NodeClient("node-1")).ToX509();

        Assert.Equal("O=system:nodes, CN=system:node:node-1", await HandshakeAsync(authority, server, node));
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_refused()
    {
        var authority = Open();
        var server = authority.Issue(CertificateProfile.ApiServer([IPAddress.Loopback])).ToX509();
        var stranger = ClusterAuthority.Open(_directory + "-other", TimeProvider.System).Issue(CertificateProfile.Admin).ToX509();

        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(authority, server, stranger));
    }

    private ClusterAuthority Open() => ClusterAuthority.Open(_directory, TimeProvider.System);

    private static async Task<string> HandshakeAsync(ClusterAuthority authority, X509Certificate2 server, X509Certificate2 client)
    {
        var token = TestContext.Current.CancellationToken;
        using var trusted = X509Certificate2.CreateFromPem(authority.CertificatePem);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(trusted);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var accept = AcceptAsync();
        using var connection = new TcpClient();
        await connection.ConnectAsync((IPEndPoint)listener.LocalEndpoint, token);
        await using var stream = new SslStream(connection.GetStream());
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "127.0.0.1",
                ClientCertificates = [client],
                CertificateChainPolicy = policy.Clone(),
            },
            token);
        return await accept;

        async Task<string> AcceptAsync()
        {
            using var accepted = await listener.AcceptTcpClientAsync(token);
            await using var secured = new SslStream(accepted.GetStream());
            await secured.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = server,
                    ClientCertificateRequired = true,
                    CertificateChainPolicy = policy.Clone(),
                },
                token);
            return secured.RemoteCertificate?.Subject ?? throw new AuthenticationException("The client showed no certificate.");
        }
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
