using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>Mounts made by system call in this process's mount namespace.</summary>
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
    /// Stacks read-only <paramref name="layers"/> (the base first) under a writable directory at <paramref name="target"/>.
    /// </summary>
    /// <exception cref="RuntimeException">The kernel refused.</exception>
    public static void Overlay(IReadOnlyList<string> layers, string upper, string work, string target)
    {
        var lower = string.Join(':', layers.Reverse().Select(Escape));
        var options = $"lowerdir={lower},upperdir={Escape(upper)},workdir={Escape(work)}";
        // The kernel takes one page of options; images with very many layers and long paths do not fit.
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
    /// Makes a directory a mount point of its own whose mounts stay in this mount namespace, as pinned namespaces need it.
    /// </summary>
    public static void MakePrivate(string directory)
    {
        if (Mount(directory, directory, "none", Bind, null) != 0 || Mount("none", directory, "none", Private, null) != 0)
        {
            throw Refused("private bind mount on", directory);
        }
    }

    /// <summary>Takes a mount away, now from view and from the kernel when its last user is gone. Nothing mounted is no error.</summary>
    public static void Remove(string target)
    {
        if (Unmount(target, Detach) != 0 && Marshal.GetLastPInvokeError() is not (NotMounted or NoEntry))
        {
            throw Refused("unmount", target);
        }
    }

    /// <summary>Everything mounted below a directory.</summary>
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
