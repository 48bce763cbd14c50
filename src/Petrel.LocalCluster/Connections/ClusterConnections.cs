using System.Security.Cryptography.X509Certificates;
using Petrel.Client.Http;
using Petrel.Security;

namespace Petrel.LocalCluster.Connections;

/// <summary>Connections to the cluster's API server.</summary>
public static class ClusterConnections
{
    /// <summary>Connects as the administrator.</summary>
    public static HttpApiHandler OpenAsAdmin(ClusterDirectory directory, ClusterSettings settings) =>
        Open(directory, new Uri($"https://127.0.0.1:{settings.Port}"), CertificateProfile.Admin);

    /// <summary>Connects as the user that the client certificate identifies.</summary>
    public static HttpApiHandler Open(ClusterDirectory directory, Uri server, CertificateProfile user)
    {
        var authority = ClusterAuthority.Open(directory.Pki, TimeProvider.System);
        return new(server, authority.Issue(user).ToX509(), X509Certificate2.CreateFromPem(authority.CertificatePem));
    }
}
