using System.Net;

namespace Petrel.LocalCluster.Networking;

/// <summary>
/// The address ranges of one cluster of <c>petrel up</c>. They depend on the cluster's number, so that several clusters fit on one machine:
/// pods in <c>10.(64+N).0.0/16</c> (a /24 for each node), nodes in that range's last /24, services in <c>10.(96+N).0.0/16</c>.
/// </summary>
public sealed record ClusterRange(int Number)
{
    /// <summary>The maximum number of clusters on one machine.</summary>
    public const int Count = 32;

    /// <summary>The maximum number of nodes in one cluster.</summary>
    public const int MaxNodes = 200;

    public string Bridge => $"petrel{Number}";
    public string PodCidr => $"10.{64 + Number}.0.0/16";
    public string ServiceCidr => $"10.{96 + Number}.0.0/16";
    public string NodeCidr => $"10.{64 + Number}.255.0/24";

    /// <summary>The host's address on the bridge, at which agents reach the API server.</summary>
    public IPAddress HostAddress => IPAddress.Parse($"10.{64 + Number}.255.1");

    /// <summary>The address of the node with this index (from 0).</summary>
    public IPAddress NodeAddress(int index) => IPAddress.Parse($"10.{64 + Number}.255.{10 + Checked(index)}");

    /// <summary>The pod range of the node with this index (from 0).</summary>
    public string NodePodCidr(int index) => $"10.{64 + Number}.{Checked(index) + 1}.0/24";

    private static int Checked(int index) =>
        index is >= 0 and < MaxNodes
            ? index
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"A cluster has at most {MaxNodes} nodes.");
}
