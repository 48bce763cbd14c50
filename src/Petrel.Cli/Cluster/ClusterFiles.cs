using System.Net;
using System.Security.Cryptography.X509Certificates;
using Petrel.Client.Http;
using Petrel.Network.Nodes;
using Petrel.Security;

namespace Petrel.Cli.Cluster;

/// <summary>The cluster's certificates and kubeconfig: made or renewed by <c>up</c>, read by everything else.</summary>
public static class ClusterFiles
{
    /// <summary>Makes what is missing or ends soon, for the server and every node.</summary>
    public static void EnsureCertificates(ClusterDirectory directory, ClusterSettings settings)
    {
        var authority = ClusterAuthority.Open(directory.Pki, TimeProvider.System);
        authority.Issue(ServerProfile(settings));
        authority.Issue(CertificateProfile.ApiServerToNode);
        var admin = authority.Issue(CertificateProfile.Admin);
        for (var index = 0; index < settings.Nodes; index++)
        {
            var node = ClusterSettings.NodeName(index);
            authority.Issue(CertificateProfile.NodeClient(node));
            authority.Issue(CertificateProfile.NodeServer(node, NodeAddress(settings, index)));
        }
        Kubeconfig.Write(directory.Kubeconfig, $"https://127.0.0.1:{settings.Port}", authority.CertificatePem, admin);
    }

    public static CertificateProfile ServerProfile(ClusterSettings settings) =>
        CertificateProfile.ApiServer([.. ServerAddresses(settings), ApiServiceAddress(settings)]);

    /// <summary>The addresses that the API server listens on.</summary>
    public static IReadOnlyList<IPAddress> ServerAddresses(ClusterSettings settings) =>
        settings.Range is { } number ? [IPAddress.Loopback, new ClusterRange(number).HostAddress] : [IPAddress.Loopback];

    /// <summary>The range of service addresses.</summary>
    public static string ServiceCidr(ClusterSettings settings) =>
        settings.Range is { } number ? new ClusterRange(number).ServiceCidr : "10.96.0.0/16";

    /// <summary>The cluster address of the Service <c>kubernetes</c>: the first of the range.</summary>
    public static IPAddress ApiServiceAddress(ClusterSettings settings)
    {
        var bytes = IPNetwork.Parse(ServiceCidr(settings)).BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new(bytes);
    }

    /// <summary>Where the agents of the nodes reach the API server.</summary>
    public static Uri ServerForNodes(ClusterSettings settings) => new($"https://{ServerAddresses(settings)[^1]}:{settings.Port}");

    public static IPAddress NodeAddress(ClusterSettings settings, int index) =>
        settings.Range is { } number ? new ClusterRange(number).NodeAddress(index) : IPAddress.Loopback;

    /// <summary>The port of a node's agent; nodes with addresses of their own all use the kubelet's.</summary>
    public static int AgentPort(ClusterSettings settings, int index) => settings.UsesNamespaces ? 10250 : settings.AgentPort + index;

    /// <summary>A connection to the API server as the administrator.</summary>
    public static HttpApiHandler ConnectAsAdmin(ClusterDirectory directory, ClusterSettings settings) =>
        Connect(directory, new Uri($"https://127.0.0.1:{settings.Port}"), CertificateProfile.Admin);

    /// <summary>A connection to the API server as the user of a certificate.</summary>
    public static HttpApiHandler Connect(ClusterDirectory directory, Uri server, CertificateProfile user)
    {
        var authority = ClusterAuthority.Open(directory.Pki, TimeProvider.System);
        return new(server, authority.Issue(user).ToX509(), X509Certificate2.CreateFromPem(authority.CertificatePem));
    }

    /// <summary>Forgets a cluster that is down: its objects, nodes, certificates and settings. Images stay.</summary>
    public static void Delete(ClusterDirectory directory)
    {
        foreach (
            var path in new[]
            {
                Path.GetDirectoryName(directory.StoreFile)!,
                directory.Pki,
                directory.Run,
                Path.Combine(directory.Root, "nodes"),
            }
        )
        {
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
        }
        File.Delete(directory.Kubeconfig);
        File.Delete(directory.Settings);
    }
}
