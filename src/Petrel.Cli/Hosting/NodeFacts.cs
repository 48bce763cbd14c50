using System.Globalization;
using System.Runtime.InteropServices;
using Petrel.Agent.Nodes;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Networking;

namespace Petrel.Cli.Hosting;

/// <summary>What a node of <c>petrel up</c> reports about itself. Each node reports the resources of the whole shared machine.</summary>
internal static class NodeFacts
{
    public static AgentSettings Settings(ClusterSettings cluster, string node, int index) =>
        new()
        {
            NodeName = node,
            NodeAddress = ClusterAddresses.Node(cluster, index).ToString(),
            Port = ClusterAddresses.AgentPort(cluster, index),
            PodCidr = cluster.Range is { } number ? new ClusterRange(number).NodePodCidr(index) : "",
            MilliCpu = Environment.ProcessorCount * 1000L,
            Memory = MemoryBytes(),
            EphemeralStorage = new DriveInfo("/").TotalSize,
            OsImage = OsName(),
            KernelVersion = Line("/proc/sys/kernel/osrelease"),
            Architecture = RuntimeInformation.OSArchitecture switch
            {
                Architecture.X64 => "amd64",
                Architecture.Arm64 => "arm64",
                var other => other.ToString().ToLowerInvariant(),
            },
            MachineId = Line("/etc/machine-id"),
            BootId = Line("/proc/sys/kernel/random/boot_id"),
            LeaseDuration = TimeSpan.FromSeconds(cluster.NodeGraceSeconds),
            LeaseRenewInterval = TimeSpan.FromSeconds(cluster.LeaseRenewSeconds),
        };

    private static string Line(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (IOException)
        {
            return ""; // Not every machine has one.
        }
    }

    private static long MemoryBytes()
    {
        var line = File.ReadLines("/proc/meminfo").First(l => l.StartsWith("MemTotal:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private static string OsName() =>
        File.Exists("/etc/os-release")
            ? File.ReadLines("/etc/os-release").FirstOrDefault(l => l.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?[12..].Trim('"')
                ?? "Linux"
            : "Linux";
}
