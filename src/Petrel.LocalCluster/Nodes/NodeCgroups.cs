using System.Globalization;
using System.Runtime.InteropServices;
using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Processes;

namespace Petrel.LocalCluster.Nodes;

/// <summary>
/// The control groups of a cluster's nodes: <c>petrel/RANGE/NODE</c> in every hierarchy. The node's agent creates a group for each pod
/// below it. The groups remain after a node's power cut.
/// </summary>
public static partial class NodeCgroups
{
    private const string Mount = "/sys/fs/cgroup";
    private const string Top = "petrel";
    private const int Attempts = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>The group of a node, below the root of each hierarchy.</summary>
    public static string PathOf(int range, string node) => string.Create(CultureInfo.InvariantCulture, $"{Top}/{range}/{node}");

    /// <summary>Removes the groups of all nodes of a stopped cluster, and kills processes that are still in them.</summary>
    public static async Task RemoveAsync(ClusterRange range, CancellationToken cancellationToken)
    {
        foreach (var hierarchy in Hierarchies())
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"{hierarchy}/{Top}/{range.Number}");
            // The kernel refuses to remove a group for a moment after its last process has ended.
            for (var attempt = 0; attempt < Attempts && !TryRemoveTree(path); attempt++)
            {
                KillAll(path);
                await Task.Delay(Pause, cancellationToken);
            }
            // Fails while another cluster has groups in it.
            _ = RemoveDirectory($"{hierarchy}/{Top}");
        }
    }

    // cgroup v2 has one hierarchy; v1 has one for each controller. The low-level runtime also creates groups in directories on which no
    // hierarchy is mounted.
    private static string[] Hierarchies() =>
        File.Exists($"{Mount}/cgroup.controllers") ? [Mount]
        : Directory.Exists(Mount) ? Directory.GetDirectories(Mount)
        : [];

    private static bool TryRemoveTree(string path)
    {
        if (!Directory.Exists(path))
        {
            return true;
        }
        if (!File.Exists($"{path}/cgroup.procs"))
        {
            Directory.Delete(path, recursive: true);
            return true;
        }
        var empty = true;
        foreach (var child in Directory.GetDirectories(path))
        {
            empty &= TryRemoveTree(child);
        }
        return empty && RemoveDirectory(path) == 0;
    }

    private static void KillAll(string path)
    {
        try
        {
            foreach (var procs in Directory.EnumerateFiles(path, "cgroup.procs", SearchOption.AllDirectories))
            {
                foreach (var line in File.ReadAllLines(procs))
                {
                    // 0 stands for a process in a PID namespace that is not below this one.
                    if (int.TryParse(line, CultureInfo.InvariantCulture, out var pid) && pid > 0)
                    {
                        ProcessRecord.Of(pid).Signal(ProcessRecord.SigKill);
                    }
                }
            }
        }
        catch (IOException)
        {
            // The group was removed concurrently. The next attempt reads the current groups.
        }
    }

    // rmdir(2) instead of Directory.Delete: the files in a group can't be deleted, but they don't prevent its removal.
    [LibraryImport("libc", EntryPoint = "rmdir", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveDirectory(string path);
}
