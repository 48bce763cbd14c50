using System.Globalization;
using Petrel.Network.Linux;

namespace Petrel.LocalCluster.Networking;

/// <summary>
/// Records which cluster of this machine uses which <see cref="ClusterRange"/>. One file for each number contains the cluster's data
/// directory. A reboot clears the folder of these files, as it clears the kernel's network interfaces.
/// </summary>
public static class ClusterRangeClaims
{
    private const string Folder = "/run/petrel/ranges";

    /// <summary>
    /// Claims a range for the cluster in <paramref name="dataDirectory"/>: its current range, else <paramref name="preferred"/>, else the
    /// first free range whose addresses no route of the machine uses.
    /// </summary>
    /// <exception cref="CommandException">No range is free.</exception>
    public static async Task<ClusterRange> ClaimAsync(string dataDirectory, int? preferred, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Folder);
        for (var number = 0; number < ClusterRange.Count; number++)
        {
            if (Owner(number) == dataDirectory)
            {
                return new ClusterRange(number);
            }
        }
        var routes = await NetworkTool.RunAsync("ip", ["-4", "route", "show", "table", "all"], null, cancellationToken);
        var candidates = Enumerable.Range(0, ClusterRange.Count);
        foreach (var number in preferred is { } first ? candidates.Prepend(first) : candidates)
        {
            if (!IsRouted(routes, number) && TryClaim(number, dataDirectory))
            {
                return new ClusterRange(number);
            }
        }
        throw new CommandException(
            $"None of the {ClusterRange.Count} address ranges 10.64.0.0/16 … 10.95.0.0/16 is free: stop a cluster with 'petrel "
                + $"down', or look at 'ip route'."
        );
    }

    /// <summary>Releases a range.</summary>
    public static void Release(ClusterRange range) => File.Delete(PathOf(range.Number));

    private static bool TryClaim(int number, string dataDirectory)
    {
        // A claim is void when its data directory was deleted without a release of the range.
        if (Owner(number) is { } owner && !Directory.Exists(owner))
        {
            File.Delete(PathOf(number));
        }
        try
        {
            using var file = new StreamWriter(new FileStream(PathOf(number), FileMode.CreateNew, FileAccess.Write));
            file.Write(dataDirectory);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static bool IsRouted(string routes, int number) =>
        routes.Split('\n').Any(line => line.Contains($"10.{64 + number}.") || line.Contains($"10.{96 + number}."));

    private static string? Owner(int number)
    {
        try
        {
            return File.ReadAllText(PathOf(number));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    private static string PathOf(int number) => Path.Combine(Folder, number.ToString(CultureInfo.InvariantCulture));
}
