using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Petrel.LocalCluster;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Chooses where the writable layers of a node's containers are. The kernel rejects an overlay whose upper layer is itself on an overlay.
/// The data directory is on an overlay when Petrel runs inside a container (a development container, a CI job). In that case the layers
/// are in memory, in the node's mount namespace. They are lost when the node stops, as are its containers.
/// </summary>
internal static partial class ContainerLayers
{
    /// <summary>Prepares the containers' folder for writable layers.</summary>
    /// <exception cref="UserErrorException">The folder is on an overlay, and this process may not mount a file system on it.</exception>
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

    /// <summary>The file system type of a path: that of the last mount whose mount point is the path or a parent of it.</summary>
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
