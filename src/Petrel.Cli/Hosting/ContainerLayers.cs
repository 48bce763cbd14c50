using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Petrel.LocalCluster;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Where the writable layers of a node's containers are. The kernel refuses an overlay whose upper layer is on an overlay itself, as the
/// data directory is inside a container (a development container, a CI job). There the layers go into memory, in the node's mount
/// namespace: they end with the node, as its containers do.
/// </summary>
internal static partial class ContainerLayers
{
    /// <summary>Makes the folder for containers fit for writable layers.</summary>
    /// <exception cref="UserErrorException">It is on an overlay, and nothing may be mounted there.</exception>
    public static void Prepare(string folder, ILogger logger)
    {
        Directory.CreateDirectory(folder);
        if (FileSystemOf(File.ReadLines("/proc/self/mountinfo"), folder) != "overlay")
        {
            return;
        }
        using var mount = Process.Start("mount", ["-t", "tmpfs", "-o", "mode=0700", "petrel-containers", folder])!;
        mount.WaitForExit();
        if (mount.ExitCode != 0)
        {
            throw new UserErrorException($"{folder} is on an overlay, on which containers can't run: name another directory with --data.");
        }
        InMemory(logger, folder);
    }

    /// <summary>The type of the file system that a path is on: of the last mount whose mount point is the path or a parent of it.</summary>
    internal static string FileSystemOf(IEnumerable<string> mountInfo, string path)
    {
        var (longest, type) = ("", "");
        foreach (var line in mountInfo)
        {
            // proc(5): the mount point is field 5; the type follows the separator after the optional fields.
            var fields = line.Split(' ');
            var point = fields[4].Replace("\\040", " ");
            var contains = point == "/" || path == point || path.StartsWith(point + "/", StringComparison.Ordinal);
            if (contains && point.Length >= longest.Length)
            {
                (longest, type) = (point, fields[Array.IndexOf(fields, "-") + 1]);
            }
        }
        return type;
    }

    [LoggerMessage(
        EventId = 9010,
        Level = LogLevel.Warning,
        Message = "{Folder} is on an overlay: the writable layers of containers are kept in memory"
    )]
    private static partial void InMemory(ILogger logger, string folder);
}
