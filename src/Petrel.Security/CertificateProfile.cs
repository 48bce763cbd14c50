using System.Net;

namespace Petrel.Security;

/// <summary>A certificate that the cluster's authority issues.</summary>
/// <param name="FileName">The file name in the authority's directory, without extension.</param>
/// <param name="CommonName">The user name, for client certificates.</param>
/// <param name="Organization">The user's group, for client certificates; may be empty.</param>
/// <param name="IsServer">Whether it is a server certificate; otherwise it is a client certificate.</param>
/// <param name="DnsNames">The server's DNS names.</param>
/// <param name="Addresses">The server's IP addresses.</param>
public sealed record CertificateProfile(
    string FileName,
    string CommonName,
    string Organization,
    bool IsServer,
    IReadOnlyList<string> DnsNames,
    IReadOnlyList<IPAddress> Addresses
)
{
    /// <summary>The API server's own certificate, for the names and addresses that clients use.</summary>
    public static CertificateProfile ApiServer(IReadOnlyList<IPAddress> addresses) =>
        new(
            "apiserver",
            "kube-apiserver",
            "",
            IsServer: true,
            ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"],
            addresses
        );

    /// <summary>The administrator's client certificate, with all permissions.</summary>
    public static CertificateProfile Admin { get; } = new("admin", "kubernetes-admin", "system:masters", IsServer: false, [], []);

    /// <summary>The client certificate that the API server presents to the agents of nodes.</summary>
    public static CertificateProfile ApiServerToNode { get; } =
        new("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters", IsServer: false, [], []);

    /// <summary>The client certificate that a node's agent presents to the API server.</summary>
    public static CertificateProfile NodeClient(string node) =>
        new($"node-{node}-client", $"system:node:{node}", "system:nodes", IsServer: false, [], []);

    /// <summary>The server certificate that a node's agent presents when the API server connects to it.</summary>
    public static CertificateProfile NodeServer(string node, IPAddress address) =>
        new($"node-{node}-server", $"system:node:{node}", "system:nodes", IsServer: true, [node], [address]);
}
