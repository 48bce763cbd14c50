using System.Buffers.Binary;
using System.Net;

namespace Petrel.Agent.Runtimes.Simulated;

/// <summary>Hands out a range's addresses in turn, so that one that was given back is not used again soon.</summary>
internal sealed class SimulatedAddresses
{
    private const int AddressBits = 32;

    private readonly uint _base;
    private readonly uint _count;
    private readonly SortedSet<uint> _used = [];
    private uint _last = 1;

    public SimulatedAddresses(IPNetwork range)
    {
        var bytes = range.BaseAddress.GetAddressBytes();
        if (bytes.Length * 8 != AddressBits || range.PrefixLength is < 8 or > 30)
        {
            throw new ArgumentException($"{range} is no IPv4 range with a prefix from 8 to 30 bits", nameof(range));
        }
        _base = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        _count = 1u << (AddressBits - range.PrefixLength);
    }

    /// <summary>
    /// A free address, or null when all are taken. The network's, the node's and the broadcast address are never handed out.
    /// </summary>
    public string? Take()
    {
        var (first, number) = (2u, _count - 3);
        for (var i = 0u; i < number; i++)
        {
            var candidate = first + ((_last - 1 + i) % number);
            if (_used.Add(candidate))
            {
                _last = candidate;
                return Text(candidate);
            }
        }
        return null;
    }

    /// <summary>Takes this address; false when it is taken, or not one of those that are handed out.</summary>
    public bool TryClaim(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        var number = bytes.Length * 8 == AddressBits ? BinaryPrimitives.ReadUInt32BigEndian(bytes) - _base : 0;
        return number >= 2 && number < _count - 1 && _used.Add(number);
    }

    public void Return(string address) =>
        _used.Remove(BinaryPrimitives.ReadUInt32BigEndian(IPAddress.Parse(address).GetAddressBytes()) - _base);

    private string Text(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, _base + number);
        return new IPAddress(bytes).ToString();
    }
}
