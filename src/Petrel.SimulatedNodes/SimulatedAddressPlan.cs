using System.Buffers.Binary;
using System.Net;

namespace Petrel.SimulatedNodes;

/// <summary>
/// The addresses of a simulator: nodes from the range for carriers' own use (RFC 6598), pods from the upper half of 10.0.0.0/8, a range for
/// each node. Nobody routes them: they are only to be seen.
/// </summary>
internal static class SimulatedAddressPlan
{
    private const uint Nodes = 100u << 24 | 64u << 16;
    private const uint Pods = 10u << 24 | 128u << 16;
    private const int PodBits = 23;

    // The network's own, the node's, and the broadcast address.
    private const int Reserved = 3;

    /// <summary>The prefix of a node's range: a /24, or what so many pods need.</summary>
    public static int PrefixFor(int maxPods)
    {
        var bits = 8;
        while ((1L << bits) - Reserved < maxPods)
        {
            bits++;
        }
        return 32 - bits;
    }

    /// <summary>How many nodes with so many pods there are addresses for.</summary>
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
