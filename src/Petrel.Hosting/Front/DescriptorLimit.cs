using System.Globalization;

namespace Petrel.Hosting.Front;

/// <summary>How many file descriptors this process may have (RLIMIT_NOFILE), and how many connections that allows.</summary>
public static class DescriptorLimit
{
    private const string Line = "Max open files";
    private const int Unknown = 1024;
    private const int MostConnections = 10_000;

    /// <summary>
    /// The number of connections to accept at most. A quarter of all descriptors, and 128 at least, is for everything else: the store, the
    /// log, and the server's own connections.
    /// </summary>
    public static int Connections { get; } = ConnectionsOf(Read());

    internal static int ConnectionsOf(long descriptors) =>
        (int)Math.Clamp(descriptors - Math.Max(128, descriptors / 4), 16, MostConnections);

    /// <summary>The soft limit. The runtime raises it to the hard one when a process starts.</summary>
    internal static long Read()
    {
        try
        {
            return Parse(File.ReadLines("/proc/self/limits"));
        }
        catch (IOException)
        {
            return Unknown;
        }
    }

    internal static long Parse(IEnumerable<string> lines)
    {
        var fields = lines
            .FirstOrDefault(static l => l.StartsWith(Line, StringComparison.Ordinal))
            ?[Line.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields is ["unlimited", ..] ? long.MaxValue
            : fields is [var soft, ..] && long.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit
            : Unknown;
    }
}
