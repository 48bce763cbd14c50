using System.Net;
using System.Security.Cryptography.X509Certificates;
using Petrel.Security;

namespace Petrel.Bench.Fairness;

/// <summary>HTTP clients of the server, each with a connection of its own.</summary>
internal sealed class BenchClient(string directory, int port)
{
    private readonly ClusterAuthority _authority = ClusterAuthority.Open(directory, TimeProvider.System);

    public HttpClient Connect(X509Certificate2 certificate)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(_authority.CertificatePem));
        var handler = new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null };
        handler.SslOptions.ClientCertificates = [certificate];
        handler.SslOptions.CertificateChainPolicy = policy;
        return new HttpClient(handler)
        {
            BaseAddress = new Uri($"https://127.0.0.1:{port}"),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public X509Certificate2 Certificate(string user) => _authority.Issue(CertificateProfile.NodeClient(user)).ToX509();
}
