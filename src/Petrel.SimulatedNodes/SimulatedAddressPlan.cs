using System.Buffers.Binary;
using System.Net;

namespace Petrel.SimulatedNodes;

/// <summary>
/// The address ranges of a simulator. Nodes use the shared address space of carriers (RFC 6598). Pods use the upper half of 10.0.0.0/8,
/// with one range for each node. No traffic is routed to these addresses; they only appear in API objects.
/// </summary>
internal static class SimulatedAddressPlan
{
    private const uint Nodes = 100u << 24 | 64u << 16;
    private const uint Pods = 10u << 24 | 128u << 16;
    private const int PodBits = 23;

    // The network address, the node's address and the broadcast address.
    private const int Reserved = 3;

    /// <summary>The prefix length of a node's range: 24, or shorter when that many pods need more addresses.</summary>
    public static int PrefixFor(int maxPods)
    {
        var bits = 8;
        while ((1L << bits) - Reserved < maxPods)
        {
            bits++;
        }
        return 32 - bits;
    }

    /// <summary>The maximum number of nodes with that many pods each.</summary>
    public static long NodesFor(int maxPods) => 1L << (PodBits - (32 - PrefixFor(maxPods)));

    public static string OfNode(int index) => Text(Nodes + (uint)index + 1);

    public static IPNetwork PodsOf(int index, int prefix) => new(Address(Pods + ((uint)index << (32 - prefix))), prefix);

    private static string Text(uint address) => Address(address).ToString();

    private static IPAddress Address(uint address)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        return new(bytes);
    }
}
