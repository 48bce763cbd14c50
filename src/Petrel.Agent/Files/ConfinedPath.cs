using Microsoft.Win32.SafeHandles;

namespace Petrel.Agent.Files;

/// <summary>What happens at a symbolic link in a path beneath a confined directory.</summary>
internal enum Links
{
    /// <summary>The path is refused.</summary>
    Refused,

    /// <summary>The link is followed if its target is beneath the directory. An absolute target is refused.</summary>
    Beneath,

    /// <summary>The link is followed as if the directory were <c>/</c>.</summary>
    InRoot,
}

/// <summary>
/// Opens paths beneath a directory descriptor. The kernel refuses every step that leaves the directory, also while another process
/// exchanges parts of the path (openat2(2)). Kernels before 5.6 open one component at a time, and then no link is followed.
/// </summary>
internal static class ConfinedPath
{
    // A rename elsewhere can disturb the kernel's check of '..'. The kernel then asks for another attempt.
    private const int Attempts = 1000;

    private static readonly bool HasOpenAt2 = Probe();

    /// <summary>The components of a relative path without <c>.</c> and without empty ones.</summary>
    /// <exception cref="IOException">The path is absolute, or contains <c>..</c> or a zero byte.</exception>
    public static string[] Split(string path)
    {
        if (path.StartsWith('/'))
        {
            throw new IOException($"'{path}' must be a relative path");
        }
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(p => p != ".").ToArray();
        if (parts.Contains(".."))
        {
            throw new IOException($"'{path}' must not contain '..'");
        }
        return path.Contains('\0') ? throw new IOException("a file name contains a zero byte") : parts;
    }

    /// <summary>Opens a path. Returns null when it does not exist.</summary>
    /// <exception cref="IOException">The path leads outside of the directory, or can't be opened.</exception>
    public static SafeFileHandle? Open(
        SafeFileHandle directory,
        string path,
        int flags,
        uint mode = 0,
        Links links = Links.Refused,
        bool oneFileSystem = false
    )
    {
        var parts = links == Links.InRoot ? path.Split('/', StringSplitOptions.RemoveEmptyEntries) : Split(path);
        var added = false;
        try
        {
            directory.DangerousAddRef(ref added);
            var root = (int)directory.DangerousGetHandle();
            var name = SystemCalls.Name(parts.Length == 0 ? "." : string.Join('/', parts));
            var descriptor = HasOpenAt2
                ? OpenAtOnce(root, name, flags, mode, links, oneFileSystem)
                : OpenStepwise(root, parts, flags, mode, oneFileSystem);
            if (descriptor >= 0)
            {
                return new SafeFileHandle(descriptor, ownsHandle: true);
            }
            var error = SystemCalls.LastError;
            return error switch
            {
                SystemCalls.NoEntry => null,
                SystemCalls.OtherFileSystem when !oneFileSystem => throw new IOException($"'{path}' leads outside of its volume"),
                SystemCalls.TooManyLinks => throw new IOException($"'{path}' contains a symbolic link that is not followed"),
                _ => throw SystemCalls.Failure("open", path, error),
            };
        }
        finally
        {
            if (added)
            {
                directory.DangerousRelease();
            }
        }
    }

    /// <summary>
    /// Opens an entry of a directory on the same file system. Its exact name ends with a zero byte. Links are refused. Returns a
    /// descriptor, or -1.
    /// </summary>
    public static int OpenEntry(SafeFileHandle directory, byte[] name, int flags)
    {
        var root = (int)directory.DangerousGetHandle();
        if (HasOpenAt2)
        {
            return OpenAtOnce(root, name, flags, 0, Links.Refused, oneFileSystem: true);
        }
        var descriptor = SystemCalls.OpenAt(root, name, flags | SystemCalls.NoFollow, 0);
        var error = SystemCalls.LastError;
        if (descriptor >= 0 && IsRefused(descriptor, FileStatus.Read(root, [0])?.Device, ref error))
        {
            _ = SystemCalls.Close(descriptor);
            System.Runtime.InteropServices.Marshal.SetLastPInvokeError(error);
            return -1;
        }
        return descriptor;
    }

    /// <summary>
    /// Opens a path of exact names on the same file system. Links are refused. Returns null when it does not exist, or is no longer what
    /// the flags ask for.
    /// </summary>
    public static SafeFileHandle? OpenEntries(SafeFileHandle directory, IReadOnlyList<byte[]> names, int flags)
    {
        // The kernel limits the length of one path.
        var step = HasOpenAt2 ? 15 : 1;
        var current = directory;
        for (var i = 0; i < names.Count; i += step)
        {
            var last = i + step >= names.Count;
            byte[] path = [.. names.Skip(i).Take(step).SelectMany(n => (byte[])[.. n[..^1], (byte)'/'])];
            path[^1] = 0;
            var stepFlags = last ? flags : SystemCalls.PathOnly | SystemCalls.CloseOnExec | SystemCalls.DirectoryOnly;
            var next = OpenEntry(current, path, stepFlags);
            GC.KeepAlive(current);
            if (current != directory)
            {
                current.Dispose();
            }
            if (next < 0)
            {
                return null;
            }
            current = new SafeFileHandle(next, ownsHandle: true);
        }
        return current;
    }

    /// <summary>Opens one component at a time without following links. Returns a descriptor, or -1.</summary>
    internal static int OpenStepwise(int root, string[] parts, int flags, uint mode, bool oneFileSystem)
    {
        const int step = SystemCalls.PathOnly | SystemCalls.CloseOnExec;
        var device = oneFileSystem ? FileStatus.Read(root, [0])?.Device : null;
        var current = root;
        for (var i = 0; i <= Math.Max(parts.Length - 1, 0); i++)
        {
            var last = i >= parts.Length - 1;
            if (parts.Length > 0 && parts[i] == "..")
            {
                return Refuse(current, root);
            }
            var name = SystemCalls.Name(parts.Length == 0 ? "." : parts[i]);
            var next = SystemCalls.OpenAt(
                current,
                name,
                SystemCalls.NoFollow | (last ? flags : step | SystemCalls.DirectoryOnly),
                last ? mode : 0
            );
            var error = SystemCalls.LastError;
            if (current != root)
            {
                _ = SystemCalls.Close(current);
            }
            if (next >= 0 && IsRefused(next, device, ref error))
            {
                _ = SystemCalls.Close(next);
                next = -1;
            }
            if (next < 0)
            {
                System.Runtime.InteropServices.Marshal.SetLastPInvokeError(error);
                return -1;
            }
            current = next;
        }
        return current;
    }

    private static int Refuse(int current, int root)
    {
        if (current != root)
        {
            _ = SystemCalls.Close(current);
        }
        System.Runtime.InteropServices.Marshal.SetLastPInvokeError(SystemCalls.OtherFileSystem);
        return -1;
    }

    private static bool IsRefused(int descriptor, (uint, uint)? device, ref int error)
    {
        var status = FileStatus.Read(descriptor, [0]);
        if (status?.Type == FileType.SymbolicLink)
        {
            error = SystemCalls.TooManyLinks; // With O_PATH, O_NOFOLLOW opens the link itself.
            return true;
        }
        if (device is not null && status?.Device != device)
        {
            error = SystemCalls.OtherFileSystem;
            return true;
        }
        return false;
    }

    private static int OpenAtOnce(int root, byte[] name, int flags, uint mode, Links links, bool oneFileSystem)
    {
        var resolve =
            SystemCalls.NoMagicLinks
            | (oneFileSystem ? SystemCalls.NoOtherFileSystem : 0)
            | links switch
            {
                Links.Refused => SystemCalls.Beneath | SystemCalls.NoSymbolicLinks,
                Links.Beneath => SystemCalls.Beneath,
                _ => SystemCalls.InRoot,
            };
        var descriptor = -1;
        for (var i = 0; i < Attempts; i++)
        {
            descriptor = SystemCalls.OpenAt2(root, name, flags, mode, resolve);
            if (descriptor >= 0 || SystemCalls.LastError != SystemCalls.TryAgain)
            {
                break;
            }
        }
        return descriptor;
    }

    private static bool Probe()
    {
        const int flags = SystemCalls.PathOnly | SystemCalls.CloseOnExec;
        var descriptor = SystemCalls.OpenAt2(SystemCalls.CurrentDirectory, "/\0"u8, flags, 0, SystemCalls.NoMagicLinks);
        if (descriptor >= 0)
        {
            _ = SystemCalls.Close(descriptor);
        }
        return descriptor >= 0;
    }
}
