using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Petrel.Agent.Files;

/// <summary>Mounts in this process's mount namespace, by system calls.</summary>
internal static partial class MountCalls
{
    public const ulong ReadOnly = 1;
    public const ulong NoSetUid = 2;
    public const ulong NoDevices = 4;
    public const ulong NoExecute = 8;
    public const ulong Remount = 0x20;
    public const ulong Bind = 0x1000;
    public const ulong Recursive = 0x4000;
    public const ulong Private = 0x40000;
    private const int Detach = 2;

    /// <summary>Mounts a file system, or binds a path that only the agent controls.</summary>
    /// <exception cref="IOException">The mount failed.</exception>
    public static void Mount(string source, string target, string type, ulong flags, string? data = null) =>
        SystemCalls.Check(MountAt(source, target, type, flags, data), "mount", target);

    /// <summary>Binds exactly the pinned file or directory to a path that only the agent controls.</summary>
    /// <exception cref="IOException">The mount failed.</exception>
    public static void BindPinned(SafeFileHandle pinned, string target)
    {
        Mount(ConfinedDirectory.PinnedPathOf(pinned), target, "none", Bind);
        GC.KeepAlive(pinned);
    }

    /// <summary>
    /// Detaches a mount (lazy unmount): it disappears at once, and the kernel releases it when it is no longer in use. Does nothing when
    /// nothing is mounted.
    /// </summary>
    /// <exception cref="IOException">The unmount failed.</exception>
    public static void Remove(string target)
    {
        if (Unmount(target, Detach) != 0 && SystemCalls.LastError is not (SystemCalls.Invalid or SystemCalls.NoEntry))
        {
            throw SystemCalls.Failure("unmount", target);
        }
    }

    /// <summary>Detaches every mount below a directory, also those that containers made there.</summary>
    public static void RemoveBelow(string directory)
    {
        foreach (var mount in Below(directory).Reverse())
        {
            Remove(mount);
        }
    }

    /// <summary>All mount points at or below a directory, in ordinal order.</summary>
    public static SortedSet<string> Below(string directory) =>
        new(
            ReadTable().Select(m => m.Path).Where(p => p == directory || p.StartsWith(directory + "/", StringComparison.Ordinal)),
            StringComparer.Ordinal
        );

    /// <summary>The mount on which a path is, and its propagation.</summary>
    public static (string Path, bool IsShared, bool IsSlave) MountOf(string path)
    {
        var (found, optional) = ReadTable()
            .Where(m => m.Path == "/" || path == m.Path || path.StartsWith(m.Path + "/", StringComparison.Ordinal))
            .Aggregate((best, next) => next.Path.Length >= best.Path.Length ? next : best);
        return (
            found,
            optional.Any(o => o.StartsWith("shared:", StringComparison.Ordinal)),
            optional.Any(o => o.StartsWith("master:", StringComparison.Ordinal))
        );
    }

    // The table in mount order (proc(5), /proc/pid/mountinfo).
    private static IEnumerable<(string Path, string[] Optional)> ReadTable()
    {
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var fields = line.Split(' ');
            yield return (Unescape(fields[4]), [.. fields.Skip(6).TakeWhile(f => f != "-")]);
        }
    }

    // The kernel writes white space and backslashes in paths as \ and three octal digits.
    private static string Unescape(string path)
    {
        if (!path.Contains('\\', StringComparison.Ordinal))
        {
            return path;
        }
        var text = new StringBuilder();
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] == '\\' && i + 3 < path.Length && path[(i + 1)..(i + 4)].All(c => c is >= '0' and <= '7'))
            {
                text.Append((char)Convert.ToInt32(path[(i + 1)..(i + 4)], 8));
                i += 3;
            }
            else
            {
                text.Append(path[i]);
            }
        }
        return text.ToString();
    }

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountAt(string source, string target, string type, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);
}
