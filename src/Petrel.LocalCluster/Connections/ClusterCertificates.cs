using Petrel.LocalCluster.Networking;
using Petrel.Security;

namespace Petrel.LocalCluster.Connections;

/// <summary>The cluster's certificates and kubeconfig. <c>up</c> writes and renews them; other commands only read them.</summary>
public static class ClusterCertificates
{
    /// <summary>
    /// Issues certificates that are missing, expire soon or are not valid now, for the server and every node. Tells what was not valid.
    /// Returns whether something was replaced that running processes use.
    /// </summary>
    public static bool Ensure(ClusterDirectory directory, ClusterSettings settings, Action<string> progress)
    {
        var replaced = false;
        var authority = ClusterAuthority.Open(directory.Pki, TimeProvider.System, what =>
        {
            replaced = true;
            progress(what);
        });
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
        return replaced;
    }

    /// <summary>The profile of the API server's certificate: all its addresses, and the address of the Service <c>kubernetes</c>.</summary>
    public static CertificateProfile ServerProfile(ClusterSettings settings) =>
        CertificateProfile.ApiServer([.. ClusterAddresses.Server(settings), ClusterAddresses.KubernetesService(settings)]);
}
