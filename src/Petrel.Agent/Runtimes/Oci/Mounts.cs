using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>Creates and removes mounts in this process's mount namespace by system calls.</summary>
internal static partial class Mounts
{
    private const ulong Bind = 0x1000;
    private const ulong Private = 0x40000;
    private const ulong NoSuid = 2;
    private const ulong NoDevices = 4;
    private const ulong NoExecute = 8;
    private const int Detach = 2;
    private const int NotMounted = 22;
    private const int NoEntry = 2;

    /// <summary>
    /// Mounts an overlay at <paramref name="target"/>: read-only <paramref name="layers"/> (base layer first) below a writable directory.
    /// </summary>
    /// <exception cref="RuntimeException">The mount failed.</exception>
    public static void Overlay(IReadOnlyList<string> layers, string upper, string work, string target)
    {
        var lower = string.Join(':', layers.Reverse().Select(Escape));
        var options = $"lowerdir={lower},upperdir={Escape(upper)},workdir={Escape(work)}";
        // The kernel accepts at most one page of mount options. Images with very many layers and long paths exceed it.
        if (System.Text.Encoding.UTF8.GetByteCount(options) >= 4096)
        {
            throw new RuntimeException(
                "CreateContainerError",
                $"the image's {layers.Count} layers do not fit into one overlay mount under {target}"
            );
        }
        if (Mount("overlay", target, "overlay", 0, options) != 0)
        {
            throw Refused("overlay mount on", target);
        }
    }

    public static void Tmpfs(string target, long size)
    {
        if (Mount("shm", target, "tmpfs", NoSuid | NoDevices | NoExecute, $"mode=1777,size={size}") != 0)
        {
            throw Refused("tmpfs mount on", target);
        }
    }

    /// <summary>
    /// Turns a directory into a private mount point, whose mounts do not propagate to other mount namespaces. Pinned network, IPC and UTS
    /// namespaces require this.
    /// </summary>
    public static void MakePrivate(string directory)
    {
        if (Mount(directory, directory, "none", Bind, null) != 0 || Mount("none", directory, "none", Private, null) != 0)
        {
            throw Refused("private bind mount on", directory);
        }
    }

    /// <summary>
    /// Detaches a mount (lazy unmount): it disappears at once, and the kernel releases it when it is no longer in use. Does nothing when
    /// nothing is mounted.
    /// </summary>
    public static void Remove(string target)
    {
        if (Unmount(target, Detach) != 0 && Marshal.GetLastPInvokeError() is not (NotMounted or NoEntry))
        {
            throw Refused("unmount", target);
        }
    }

    /// <summary>All mount points below a directory.</summary>
    public static SortedSet<string> Below(string directory)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var path = line.Split(' ')[4].Replace("\\040", " ", StringComparison.Ordinal);
            if (path == directory || path.StartsWith(directory + "/", StringComparison.Ordinal))
            {
                found.Add(path);
            }
        }
        return found;
    }

    private static string Escape(string path) =>
        path.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace(":", "\\:", StringComparison.Ordinal)
            .Replace(",", "\\,", StringComparison.Ordinal);

    private static RuntimeException Refused(string what, string path)
    {
        var error = new Win32Exception(Marshal.GetLastPInvokeError());
        return new RuntimeException("CreateContainerError", $"{what} {path}: {error.Message}", error);
    }

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}
