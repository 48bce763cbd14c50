using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Petrel.Agent.Runtimes.Oci.Network;

/// <summary>
/// The addresses of one IPv4 range and who holds them, kept in files named after the addresses, so that they outlive the agent. The
/// search goes round: a freed address is given out again only after all others, so that late packets for a dead pod find nobody.
/// </summary>
internal sealed class AddressPool
{
    private readonly string _directory;
    private readonly uint _network;
    private readonly uint _size;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, uint> _held = new(StringComparer.Ordinal);
    private readonly SortedDictionary<uint, string> _holders = [];
    private uint _last;

    public AddressPool(IPNetwork range, string directory)
    {
        if (range.BaseAddress.AddressFamily != AddressFamily.InterNetwork || range.PrefixLength is < 8 or > 30)
        {
            throw new ArgumentException($"pod range {range}: expected IPv4 with a prefix length from 8 to 30", nameof(range));
        }
        _directory = directory;
        _network = BinaryPrimitives.ReadUInt32BigEndian(range.BaseAddress.GetAddressBytes());
        _size = 1u << (32 - range.PrefixLength);
        _last = 1;
    }

    /// <summary>The range's first address, the node's own.</summary>
    public IPAddress Gateway => AddressAt(1);

    /// <summary>Reads the allocations of an earlier life and returns who holds one.</summary>
    public IReadOnlyList<string> Load()
    {
        Directory.CreateDirectory(_directory);
        lock (_lock)
        {
            foreach (var file in Directory.EnumerateFiles(_directory))
            {
                if (IPAddress.TryParse(Path.GetFileName(file), out var address))
                {
                    var offset = BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) - _network;
                    var holder = File.ReadAllText(file);
                    if (offset < _size && holder.Length > 0)
                    {
                        _held[holder] = offset;
                        _holders[offset] = holder;
                    }
                    else
                    {
                        File.Delete(file);
                    }
                }
            }
            _last = uint.TryParse(ReadLast(), out var last) && last < _size ? last : 1;
            return [.. _held.Keys];
        }
    }

    public IPAddress? Find(string holder)
    {
        lock (_lock)
        {
            return _held.TryGetValue(holder, out var offset) ? AddressAt(offset) : null;
        }
    }

    /// <exception cref="RuntimeException">No address is left.</exception>
    public IPAddress Allocate(string holder)
    {
        lock (_lock)
        {
            if (_held.TryGetValue(holder, out var mine))
            {
                return AddressAt(mine);
            }
            // 0 is the network, 1 the gateway, the last one broadcast.
            for (uint i = 0; i < _size; i++)
            {
                var offset = (_last + 1 + i) % _size;
                if (offset < 2 || offset == _size - 1 || _holders.ContainsKey(offset))
                {
                    continue;
                }
                var address = AddressAt(offset);
                File.WriteAllText(Path.Combine(_directory, address.ToString()), holder);
                File.WriteAllText(LastFile, offset.ToString());
                _last = offset;
                _held.Add(holder, offset);
                _holders.Add(offset, holder);
                return address;
            }
        }
        throw new RuntimeException("CreatePodSandboxError", $"no address is left in the node's pod range: all {_size - 3} are in use");
    }

    public void Release(string holder)
    {
        lock (_lock)
        {
            if (_held.Remove(holder, out var offset))
            {
                _holders.Remove(offset);
                File.Delete(Path.Combine(_directory, AddressAt(offset).ToString()));
            }
        }
    }

    private string LastFile => Path.Combine(_directory, "last");

    private string? ReadLast() => File.Exists(LastFile) ? File.ReadAllText(LastFile) : null;

    private IPAddress AddressAt(uint offset)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, _network + offset);
        return new IPAddress(bytes);
    }
}
