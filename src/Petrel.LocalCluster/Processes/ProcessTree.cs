using System.Globalization;
using System.Text;

namespace Petrel.LocalCluster.Processes;

/// <summary>
/// The processes of a node without namespaces: those that have the node's directory in the environment variable <see cref="Variable"/>,
/// which every child process inherits.
/// </summary>
public static class ProcessTree
{
    /// <summary>Set for an agent, and inherited by every process that it starts.</summary>
    public const string Variable = "PETREL_NODE_DIRECTORY";

    /// <summary>Stops all processes first, so that none can start another, then kills them.</summary>
    public static void KillAll(string nodeDirectory)
    {
        const int SigStop = 19;
        HashSet<ProcessRecord> stopped = [];
        while (Find(nodeDirectory).Where(stopped.Add).ToList() is { Count: > 0 } fresh)
        {
            fresh.ForEach(process => process.Signal(SigStop));
        }
        foreach (var process in stopped)
        {
            process.Signal(ProcessRecord.SigKill);
        }
    }

    private static IEnumerable<ProcessRecord> Find(string nodeDirectory)
    {
        var wanted = $"{Variable}={nodeDirectory}";
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) && Environment(pid).Contains(wanted))
            {
                yield return ProcessRecord.Of(pid);
            }
        }
    }

    private static string[] Environment(int pid)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/environ")).Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The process belongs to another user, or has ended.
            return [];
        }
    }
}
