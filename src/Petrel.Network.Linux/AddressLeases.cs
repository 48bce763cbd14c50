using System.Net;
using Petrel.Network.Pods;

namespace Petrel.Network.Linux;

/// <summary>
/// Records which sandbox holds which pod address. Each lease is a file with the address as its name, so that leases outlive the agent. The
/// file <c>last</c> contains the offset in the range of the most recently allocated address.
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

    /// <summary>Returns the sandbox's address: its current one, or a newly allocated one.</summary>
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

    /// <summary>Releases the sandbox's address, if it has one.</summary>
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
