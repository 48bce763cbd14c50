using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Petrel.Network.Pods;

/// <summary>
/// Allocates the addresses of one IPv4 range. The search is a ring: a released address is allocated again only after all others, so
/// that late packets for a deleted pod do not reach a new one. The network, gateway and broadcast addresses are never allocated.
/// </summary>
public sealed class AddressPool
{
    private const uint First = 2;

    private readonly uint _network;
    private readonly uint _size;
    private readonly SortedSet<uint> _used = [];
    private uint _last = First - 1;

    public AddressPool(IPNetwork range)
    {
        if (range.BaseAddress.AddressFamily != AddressFamily.InterNetwork || range.PrefixLength is < 8 or > 30)
        {
            throw new ArgumentException($"pod range {range}: expected IPv4 with a prefix length from 8 to 30", nameof(range));
        }
        _network = Number(range.BaseAddress);
        _size = 1u << (32 - range.PrefixLength);
        Gateway = AddressAt(1);
    }

    /// <summary>The first address of the range, which is the node's own.</summary>
    public IPAddress Gateway { get; }

    /// <summary>The number of addresses that can be allocated.</summary>
    public uint Capacity => _size - First - 1;

    /// <summary>The most recently allocated address. The search continues after it. Callers persist it to restore the pool later.</summary>
    public IPAddress Last
    {
        get => AddressAt(_last);
        set => _last = Contains(value) ? Number(value) - _network : First - 1;
    }

    /// <summary>Allocates a free address. Returns null when all are in use.</summary>
    public IPAddress? Take()
    {
        for (var i = 0u; i < Capacity; i++)
        {
            var candidate = First + ((_last - (First - 1) + i) % Capacity);
            if (_used.Add(candidate))
            {
                _last = candidate;
                return AddressAt(candidate);
            }
        }
        return null;
    }

    /// <summary>Allocates this address. False when it is in use, or when the pool can't allocate it.</summary>
    public bool TryTake(IPAddress address) => Contains(address) && _used.Add(Number(address) - _network);

    /// <summary>Releases an address. An address that is not in use is ignored.</summary>
    public void Release(IPAddress address)
    {
        if (Contains(address))
        {
            _used.Remove(Number(address) - _network);
        }
    }

    private bool Contains(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork && Number(address) - _network is >= First and var offset && offset < _size - 1;

    private IPAddress AddressAt(uint offset)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, _network + offset);
        return new IPAddress(bytes);
    }

    private static uint Number(IPAddress address) => BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
}
