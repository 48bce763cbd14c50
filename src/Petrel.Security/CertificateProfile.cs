using System.Net;

namespace Petrel.Security;

/// <summary>A certificate that the cluster's authority issues.</summary>
/// <param name="FileName">Its name in the authority's directory, without extension.</param>
/// <param name="CommonName">The user name, for clients.</param>
/// <param name="Organization">The user's group, for clients; may be empty.</param>
/// <param name="IsServer">Whether it proves a server; otherwise it proves a client.</param>
/// <param name="DnsNames">Names that a server answers to.</param>
/// <param name="Addresses">Addresses that a server answers at.</param>
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

    /// <summary>The administrator's: may do everything.</summary>
    public static CertificateProfile Admin { get; } = new("admin", "kubernetes-admin", "system:masters", IsServer: false, [], []);

    /// <summary>What the API server shows to agents.</summary>
    public static CertificateProfile ApiServerToNode { get; } =
        new("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters", IsServer: false, [], []);

    /// <summary>What the agent of a node shows to the API server.</summary>
    public static CertificateProfile NodeClient(string node) =>
        new($"node-{node}-client", $"system:node:{node}", "system:nodes", IsServer: false, [], []);

    /// <summary>What the agent of a node shows to the API server when that connects to it.</summary>
    public static CertificateProfile NodeServer(string node, IPAddress address) =>
        new($"node-{node}-server", $"system:node:{node}", "system:nodes", IsServer: true, [node], [address]);
}
