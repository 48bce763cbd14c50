using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Petrel.Security.Tests;

public sealed class ClusterAuthorityTests : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly AuthorityFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void The_authority_is_a_P256_one_for_ten_years()
    {
        using var certificate = X509Certificate2.CreateFromPem(_fixture.Open().CertificatePem);
        Assert.False(certificate.HasPrivateKey);
        using var key = certificate.GetECDsaPublicKey()!;
        Assert.Equal("1.2.840.10045.3.1.7", key.ExportParameters(false).Curve.Oid.Value);
        var constraints = certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single();
        Assert.True(constraints.CertificateAuthority && constraints.Critical);
        Assert.True(certificate.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages.HasFlag(X509KeyUsageFlags.KeyCertSign));
        Assert.InRange(certificate.NotAfter.ToUniversalTime(), Day(3649), Day(3651));
    }

    [Fact]
    public void The_server_certificate_is_for_the_clusters_names()
    {
        using var certificate = _fixture.Open().Issue(AuthorityFixture.Server).ToX509();
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        Assert.Equal(
            ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"],
            names.EnumerateDnsNames()
        );
        Assert.Equal([IPAddress.Loopback, IPAddress.IPv6Loopback], names.EnumerateIPAddresses());
        Assert.True(certificate.HasPrivateKey);
        Assert.InRange(certificate.NotAfter.ToUniversalTime(), Day(364), Day(366));
        Assert.InRange(certificate.NotBefore.ToUniversalTime(), Day(-1), Day(0));
    }

    [Fact]
    public void Certificates_name_their_users_and_groups()
    {
        var authority = _fixture.Open();
        Assert.Equal("O=system:masters, CN=kubernetes-admin", Subject(CertificateProfile.Admin));
        Assert.Equal("O=system:masters, CN=kube-apiserver-kubelet-client", Subject(CertificateProfile.ApiServerToNode));
        Assert.Equal("O=system:nodes, CN=system:node:node-1", Subject(CertificateProfile.NodeClient("node-1")));
        Assert.Equal("O=system:nodes, CN=system:node:node-1", Subject(CertificateProfile.NodeServer("node-1", IPAddress.Loopback)));

        string Subject(CertificateProfile profile)
        {
            using var certificate = authority.Issue(profile).ToX509();
            return certificate.Subject;
        }
    }

    [Fact]
    public void A_certificate_is_good_for_its_own_use_only()
    {
        var authority = _fixture.Open();
        foreach (
            var (profile, use, other) in new[]
            {
                (AuthorityFixture.Server, ServerAuthentication, ClientAuthentication),
                (CertificateProfile.NodeServer("node-1", IPAddress.Loopback), ServerAuthentication, ClientAuthentication),
                (CertificateProfile.Admin, ClientAuthentication, ServerAuthentication),
                (CertificateProfile.NodeClient("node-1"), ClientAuthentication, ServerAuthentication),
                (CertificateProfile.ApiServerToNode, ClientAuthentication, ServerAuthentication),
            }
        )
        {
            using var certificate = authority.Issue(profile).ToX509();
            Assert.Equal([], Problems(certificate, authority, use));
            Assert.Contains(X509ChainStatusFlags.NotValidForUsage, Problems(certificate, authority, other));
        }
    }

    [Fact]
    public void Loading_gives_the_same_authority_and_certificates()
    {
        var first = _fixture.Open();
        var (server, admin) = (first.Issue(AuthorityFixture.Server), first.Issue(CertificateProfile.Admin));
        var second = _fixture.Open();
        Assert.Equal(first.CertificatePem, second.CertificatePem);
        Assert.Equal(server.CertificatePem, second.Issue(AuthorityFixture.Server).CertificatePem);
        using var reloaded = second.Issue(CertificateProfile.Admin).ToX509();
        Assert.Equal(admin.CertificatePem, reloaded.ExportCertificatePem());
        Assert.True(reloaded.HasPrivateKey);
    }

    [Fact]
    public void A_certificate_is_renewed_when_less_than_thirty_days_are_left()
    {
        var authority = _fixture.Open();
        var first = authority.Issue(AuthorityFixture.Server);
        var start = _fixture.Time.Now;
        _fixture.Time.Now = start.AddDays(334);
        Assert.Equal(first.CertificatePem, _fixture.Open().Issue(AuthorityFixture.Server).CertificatePem);
        _fixture.Time.Now = start.AddDays(336);
        var renewed = _fixture.Open();
        Assert.Equal(authority.CertificatePem, renewed.CertificatePem);
        var second = renewed.Issue(AuthorityFixture.Server);
        Assert.NotEqual(first.CertificatePem, second.CertificatePem);
        using var certificate = second.ToX509();
        Assert.Equal([], Problems(certificate, renewed, ServerAuthentication));
        Assert.InRange(certificate.NotAfter.ToUniversalTime(), Day(364), Day(366));
        Assert.Equal(second.CertificatePem, _fixture.Open().Issue(AuthorityFixture.Server).CertificatePem);
    }

    [Theory]
    [InlineData(48)]
    [InlineData(24 * 400)]
    [InlineData(24 * 365 * 12)]
    public void Certificates_made_while_the_clock_was_ahead_are_issued_again_with_a_message(int hoursAhead)
    {
        var now = _fixture.Time.Now;
        _fixture.Time.Now = now.AddHours(hoursAhead);
        var ahead = _fixture.Open();
        ahead.Issue(AuthorityFixture.Server);
        _fixture.Time.Now = now;

        var messages = new List<string>();
        var authority = ClusterAuthority.Open(_fixture.Directory, _fixture.Time, messages.Add);
        using var server = authority.Issue(AuthorityFixture.Server).ToX509();
        Assert.Equal([], Problems(server, authority, ServerAuthentication));
        Assert.NotEqual(ahead.CertificatePem, authority.CertificatePem);
        Assert.Equal(2, messages.Count);
        Assert.All(messages, m => Assert.Contains("because the clock was ahead", m, StringComparison.Ordinal));
        // The authority's key is the same, so what trusts either certificate trusts both.
        using var before = X509Certificate2.CreateFromPem(ahead.CertificatePem);
        using var after = X509Certificate2.CreateFromPem(authority.CertificatePem);
        Assert.Equal(before.GetPublicKey(), after.GetPublicKey());
        messages.Clear();
        var again = ClusterAuthority.Open(_fixture.Directory, _fixture.Time, messages.Add);
        again.Issue(AuthorityFixture.Server);
        Assert.Empty(messages);
    }

    [Fact]
    public void Certificates_stay_valid_when_the_clock_is_set_back_by_an_hour()
    {
        var authority = _fixture.Open();
        var server = authority.Issue(AuthorityFixture.Server);
        _fixture.Time.Now = _fixture.Time.Now.AddHours(-1);
        var messages = new List<string>();
        var later = ClusterAuthority.Open(_fixture.Directory, _fixture.Time, messages.Add);
        Assert.Equal(server.CertificatePem, later.Issue(AuthorityFixture.Server).CertificatePem);
        Assert.Equal(authority.CertificatePem, later.CertificatePem);
        Assert.Empty(messages);
    }

    [Fact]
    public void An_expired_authority_is_issued_again_with_its_key()
    {
        var first = _fixture.Open();
        _fixture.Time.Now = _fixture.Time.Now.AddDays(3651);
        var messages = new List<string>();
        var second = ClusterAuthority.Open(_fixture.Directory, _fixture.Time, messages.Add);
        Assert.NotEqual(first.CertificatePem, second.CertificatePem);
        Assert.Contains("has expired", Assert.Single(messages), StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_for_other_addresses_is_issued_anew()
    {
        var authority = _fixture.Open();
        var first = authority.Issue(AuthorityFixture.Server);
        using var second = authority.Issue(CertificateProfile.ApiServer([IPAddress.Parse("10.0.0.1")])).ToX509();
        Assert.NotEqual(first.CertificatePem, second.ExportCertificatePem());
        Assert.Equal(
            [IPAddress.Parse("10.0.0.1")],
            second.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateIPAddresses()
        );
    }

    [Fact]
    public void Certificates_of_a_lost_authority_are_issued_anew()
    {
        var lost = _fixture.Open();
        var first = lost.Issue(CertificateProfile.Admin);
        File.Delete(Path.Combine(_fixture.Directory, "ca.key"));
        var authority = _fixture.Open();
        Assert.NotEqual(lost.CertificatePem, authority.CertificatePem);
        using var second = authority.Issue(CertificateProfile.Admin).ToX509();
        Assert.NotEqual(first.CertificatePem, second.ExportCertificatePem());
        Assert.Equal([], Problems(second, authority, ClientAuthentication));
    }

    [Fact]
    public void Only_the_owner_may_read_the_files()
    {
        var authority = _fixture.Open();
        authority.Issue(AuthorityFixture.Server);
        authority.Issue(CertificateProfile.Admin);
        var files = Directory.GetFiles(_fixture.Directory);
        Assert.Equal(["admin.pem", "apiserver.pem", "ca.crt", "ca.key"], files.Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_fixture.Directory));
    }

    [Fact]
    public void All_certificates_of_three_nodes_are_made_within_150_ms()
    {
        // The best of a few, because the machine is shared.
        var best = Enumerable
            .Range(0, 5)
            .Min(round =>
            {
                var clock = Stopwatch.StartNew();
                var authority = ClusterAuthority.Open(Path.Combine(_fixture.Root, $"pki{round}"), TimeProvider.System);
                authority.Issue(AuthorityFixture.Server);
                authority.Issue(CertificateProfile.Admin);
                authority.Issue(CertificateProfile.ApiServerToNode);
                foreach (var node in new[] { "node-0", "node-1", "node-2" })
                {
                    authority.Issue(CertificateProfile.NodeClient(node));
                    authority.Issue(CertificateProfile.NodeServer(node, IPAddress.Loopback));
                }
                return clock.ElapsedMilliseconds;
            });
        Assert.InRange(best, 0, 150);
    }

    [Fact]
    public void Entropy_is_not_repeated()
    {
        var entropy = new SystemEntropy();
        Assert.Equal(100, Enumerable.Range(0, 100).Select(_ => entropy.NextUInt64()).Distinct().Count());
    }

    private DateTime Day(int days) => _fixture.Time.Now.UtcDateTime.AddDays(days);

    private X509ChainStatusFlags[] Problems(X509Certificate2 certificate, ClusterAuthority authority, string use)
    {
        using var root = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                VerificationTime = _fixture.Time.Now.UtcDateTime,
            },
        };
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(use));
        chain.Build(certificate);
        return [.. chain.ChainStatus.Select(status => status.Status)];
    }
}
