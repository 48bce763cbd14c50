using System.Net;
using Petrel.Network.Pods;

namespace Petrel.Network.Linux;

/// <summary>
/// Which sandbox holds which pod address, in files that are named after the addresses, so that the leases outlive the agent. The file
/// <c>last</c> holds the offset in the range of the address that was handed out last.
/// </summary>
internal sealed class AddressLeases(IPNetwork range, string directory)
{
    private readonly AddressPool _pool = new(range);
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, IPAddress> _addresses = new(StringComparer.Ordinal);

    private string LastFile => Path.Combine(directory, "last");

    /// <summary>Reads the leases of an earlier agent and returns the sandboxes that hold one.</summary>
    public IReadOnlyList<string> Load()
    {
        Directory.CreateDirectory(directory);
        lock (_lock)
        {
            foreach (var file in Directory.EnumerateFiles(directory))
            {
                if (!IPAddress.TryParse(Path.GetFileName(file), out var address))
                {
                    continue;
                }
                var holder = File.ReadAllText(file);
                if (holder.Length > 0 && _pool.TryTake(address))
                {
                    _addresses[holder] = address;
                }
                else
                {
                    File.Delete(file);
                }
            }
            if (File.Exists(LastFile) && IPAddress.TryParse(File.ReadAllText(LastFile), out var last))
            {
                _pool.Last = last;
            }
            return [.. _addresses.Keys];
        }
    }

    /// <summary>Whether the sandbox holds an address.</summary>
    public bool Contains(string holder)
    {
        lock (_lock)
        {
            return _addresses.ContainsKey(holder);
        }
    }

    /// <summary>The sandbox's address: the one that it holds, or a free one.</summary>
    /// <exception cref="PodNetworkException">No address is left.</exception>
    public IPAddress Allocate(string holder)
    {
        lock (_lock)
        {
            if (_addresses.TryGetValue(holder, out var held))
            {
                return held;
            }
            var address = _pool.Take()
                ?? throw new PodNetworkException($"no address is left in the node's pod range: all {_pool.Capacity} are in use");
            File.WriteAllText(Path.Combine(directory, address.ToString()), holder);
            File.WriteAllText(LastFile, address.ToString());
            _addresses.Add(holder, address);
            return address;
        }
    }

    /// <summary>Gives the sandbox's address back, if it holds one.</summary>
    public void Release(string holder)
    {
        lock (_lock)
        {
            if (_addresses.Remove(holder, out var address))
            {
                _pool.Release(address);
                File.Delete(Path.Combine(directory, address.ToString()));
            }
        }
    }
}
