using System.Net;

namespace Petrel.LocalCluster.Networking;

/// <summary>
/// The addresses and ports of a cluster. With network namespaces they come from its <see cref="ClusterRange"/>; without them all
/// components share the loopback address.
/// </summary>
public static class ClusterAddresses
{
    // The kubelet's port. Nodes that have their own addresses all use it.
    private const int KubeletPort = 10250;

    /// <summary>The addresses that the API server listens on.</summary>
    public static IReadOnlyList<IPAddress> Server(ClusterSettings settings) =>
        settings.Range is { } number ? [IPAddress.Loopback, new ClusterRange(number).HostAddress] : [IPAddress.Loopback];

    /// <summary>The URL at which agents reach the API server.</summary>
    public static Uri ServerForNodes(ClusterSettings settings) => new($"https://{Server(settings)[^1]}:{settings.Port}");

    /// <summary>The range of service addresses.</summary>
    public static string ServiceCidr(ClusterSettings settings) =>
        settings.Range is { } number ? new ClusterRange(number).ServiceCidr : "10.96.0.0/16";

    /// <summary>The cluster address of the Service <c>kubernetes</c>: the first of the range.</summary>
    public static IPAddress KubernetesService(ClusterSettings settings)
    {
        var bytes = IPNetwork.Parse(ServiceCidr(settings)).BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new(bytes);
    }

    /// <summary>The address of the node with this index (from 0).</summary>
    public static IPAddress Node(ClusterSettings settings, int index) =>
        settings.Range is { } number ? new ClusterRange(number).NodeAddress(index) : IPAddress.Loopback;

    /// <summary>The port of the agent on the node with this index (from 0).</summary>
    public static int AgentPort(ClusterSettings settings, int index) => settings.UsesNamespaces ? KubeletPort : settings.AgentPort + index;
}
