using Petrel.LocalCluster.Networking;
using Petrel.Security;

namespace Petrel.LocalCluster.Connections;

/// <summary>The cluster's certificates and kubeconfig: written or renewed by <c>up</c>, read by everything else.</summary>
public static class ClusterCertificates
{
    /// <summary>Issues what is missing or expires soon, for the server and every node.</summary>
    public static void Ensure(ClusterDirectory directory, ClusterSettings settings)
    {
        var authority = ClusterAuthority.Open(directory.Pki, TimeProvider.System);
        authority.Issue(ServerProfile(settings));
        authority.Issue(CertificateProfile.ApiServerToNode);
        var admin = authority.Issue(CertificateProfile.Admin);
        for (var index = 0; index < settings.Nodes; index++)
        {
            var node = ClusterSettings.NodeName(index);
            authority.Issue(CertificateProfile.NodeClient(node));
            authority.Issue(CertificateProfile.NodeServer(node, ClusterAddresses.Node(settings, index)));
        }
        Kubeconfig.Write(directory.Kubeconfig, $"https://127.0.0.1:{settings.Port}", authority.CertificatePem, admin);
    }

    /// <summary>The API server's certificate: all its addresses, and that of the Service <c>kubernetes</c>.</summary>
    public static CertificateProfile ServerProfile(ClusterSettings settings) =>
        CertificateProfile.ApiServer([.. ClusterAddresses.Server(settings), ClusterAddresses.KubernetesService(settings)]);
}
