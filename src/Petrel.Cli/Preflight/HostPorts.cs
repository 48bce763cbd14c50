using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Petrel.LocalCluster;

namespace Petrel.Cli.Preflight;

/// <summary>Checks and finds free ports on the host's loopback address.</summary>
internal static class HostPorts
{
    /// <summary>Returns the port if it is free, or for 0 any free port.</summary>
    /// <exception cref="UserErrorException">Another program uses the port.</exception>
    public static int Require(int port)
    {
        using var probe = new TcpListener(IPAddress.Loopback, port);
        try
        {
            probe.Start();
        }
        catch (SocketException e)
        {
            var holder = Holder(port) is { } program ? $"in use by {program}" : $"not free ({e.Message})";
            throw new UserErrorException($"Port {port} on 127.0.0.1 is {holder}: name another with --port, or 0 for any free one.");
        }
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>Finds <paramref name="count"/> consecutive free ports, and returns the first.</summary>
    /// <exception cref="UserErrorException">There are no such ports.</exception>
    public static int FindNeighbours(int first, int count)
    {
        for (; first + count < 32768; first += count)
        {
            if (Enumerable.Range(first, count).All(port => IsFree(IPAddress.Loopback, port)))
            {
                return first;
            }
        }
        throw new UserErrorException($"There are no {count} neighbouring free ports on 127.0.0.1.");
    }

    public static bool IsFree(IPAddress address, int port)
    {
        using var probe = new TcpListener(address, port);
        try
        {
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>The name and process ID of the program that listens on a port, if this user may see them.</summary>
    private static string? Holder(int port)
    {
        var sockets = new[] { "/proc/net/tcp", "/proc/net/tcp6" }
            .Where(File.Exists)
            .SelectMany(File.ReadLines)
            .Select(l => ListenerInode(l, port));
        var links = sockets.OfType<string>().Select(inode => $"socket:[{inode}]").ToHashSet();
        if (links.Count == 0)
        {
            return null;
        }
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), out _)))
        {
            try
            {
                if (Directory.EnumerateFiles($"{process}/fd").Any(fd => links.Contains(new FileInfo(fd).LinkTarget ?? "")))
                {
                    return $"{File.ReadAllText($"{process}/comm").Trim()} (process {Path.GetFileName(process)})";
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The process belongs to another user, or has ended.
            }
        }
        return null;
    }

    // proc(5): sl, local address, remote address, state (0A: LISTEN), …, inode in field 10.
    private static string? ListenerInode(string line, int port)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var colon = fields.Length > 9 && fields[3] == "0A" ? fields[1].LastIndexOf(':') : -1;
        return colon > 0 && int.Parse(fields[1].AsSpan(colon + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture) == port
            ? fields[9]
            : null;
    }
}
