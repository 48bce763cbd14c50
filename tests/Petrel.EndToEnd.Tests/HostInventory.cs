using System.Text.RegularExpressions;

namespace Petrel.EndToEnd.Tests;

/// <summary>What a cluster makes on its host: control groups, mounts, network namespaces, packet filter rules, links, routes.</summary>
public sealed record HostInventory(IReadOnlySet<string> Things)
{
    public static async Task<HostInventory> ReadAsync()
    {
        var things = new HashSet<string>();
        void Add(string kind, IEnumerable<string> lines) => things.UnionWith(lines.Where(l => l.Length > 0).Select(l => $"{kind}: {l}"));

        foreach (var hierarchy in Directory.GetDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup"))
        {
            var ours = $"{hierarchy}/petrel";
            Add("cgroup", Directory.Exists(ours) ? Directory.GetDirectories(ours, "*", SearchOption.AllDirectories) : []);
        }
        Add("mount", await File.ReadAllLinesAsync("/proc/mounts"));
        Add("network namespace", Directory.Exists("/run/netns") ? Directory.GetFileSystemEntries("/run/netns") : []);
        Add("rule", (await Shell.RunAsync("nft", ["list", "ruleset"])).Output.Split('\n'));
        // Without the numbers that the kernel gives out anew each time.
        Add("link", Directory.GetFileSystemEntries("/sys/class/net").Select(Path.GetFileName)!);
        Add("route", (await Shell.RunAsync("ip", ["-4", "route", "show", "table", "all"])).Output.Split('\n'));
        Add("range", Directory.Exists("/run/petrel/ranges") ? Directory.GetFiles("/run/petrel/ranges") : []);
        return new(things);
    }

    /// <summary>What has come since; without what belongs to other clusters that run on the machine now.</summary>
    public IReadOnlyList<string> Since(HostInventory before)
    {
        var others = Directory.Exists("/run/petrel/ranges") ? Directory.GetFiles("/run/petrel/ranges").Select(Path.GetFileName) : [];
        var foreign = others
            .Select(n => new Regex($@"petrel/?(ranges/)?{n}(\b|n)|\b10\.({64 + int.Parse(n!)}|{96 + int.Parse(n!)})\."))
            .ToList();
        return [.. Things.Except(before.Things).Where(t => !foreign.Any(f => f.IsMatch(t))).Order(StringComparer.Ordinal)];
    }
}
