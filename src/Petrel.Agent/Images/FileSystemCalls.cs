using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Petrel.Agent.Images;

/// <summary>
/// File system calls for which .NET has no method. On failure, each throws an <see cref="IOException"/> that names the path.
/// </summary>
internal static partial class FileSystemCalls
{
    public const uint CharacterDevice = 0x2000;
    public const uint BlockDevice = 0x6000;
    public const uint Fifo = 0x1000;
    public const uint RegularFile = 0x8000;
    public const uint Directory = 0x4000;
    public const uint SymbolicLink = 0xA000;

    // Fields of struct statx, whose layout is the same on every architecture.
    private const uint TypeBits = 0xF000;
    private const uint BasicStatus = 0x7FF;
    private const int StatusSize = 256;
    private const int ModeOffset = 28;
    private const int DeviceOffset = 128;

    private const int CurrentDirectory = -100;
    private const int NoFollow = 0x100;
    private const int NotSupported = 95;
    private const int Exists = 17;

    /// <summary>Changes the owner of the entry itself. Symbolic links are not followed.</summary>
    public static void ChangeOwner(string path, int user, int group) => Check(LChown(path, (uint)user, (uint)group), "chown", path);

    /// <summary>
    /// Sets the mode, including the setuid, setgid and sticky bits. A change of owner clears those bits, so call this afterwards.
    /// </summary>
    public static void ChangeMode(string path, uint mode) => Check(Chmod(path, mode & 0xFFF), "chmod", path);

    public static void MakeNode(string path, uint type, uint mode, uint major, uint minor)
    {
        var device =
            ((ulong)(major & 0xFFFFF000) << 32) | ((ulong)(major & 0xFFF) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
        Check(MkNod(path, type | (mode & 0xFFF), device), "mknod", path);
    }

    /// <summary>Creates an empty regular file. An existing file is not changed.</summary>
    public static void Touch(string path)
    {
        if (MkNod(path, RegularFile | 0x1A4, 0) != 0 && Marshal.GetLastPInvokeError() != Exists)
        {
            Check(-1, "mknod", path);
        }
    }

    public static void MakeHardLink(string existing, string path) =>
        Check(LinkAt(CurrentDirectory, existing, CurrentDirectory, path, 0), "link", path);

    /// <summary>Sets an extended attribute. Returns false when the file system does not support attributes of that kind.</summary>
    public static bool SetAttribute(string path, string name, ReadOnlySpan<byte> value)
    {
        var result = LSetXAttr(path, name, value, (nuint)value.Length, 0);
        if (result != 0 && Marshal.GetLastPInvokeError() == NotSupported)
        {
            return false;
        }
        Check(result, $"setxattr {name} on", path);
        return true;
    }

    /// <summary>Whether the entry itself has an extended attribute. Symbolic links are not followed.</summary>
    public static bool HasAttribute(string path, string name) => LGetXAttr(path, name, 0, 0) >= 0;

    /// <summary>The type of the entry itself (one of the kernel's type bits), and the device numbers if it is a device.</summary>
    public static (uint Type, uint Major, uint Minor) TypeOf(string path)
    {
        Span<byte> status = stackalloc byte[StatusSize];
        Check(StatX(CurrentDirectory, path, NoFollow, BasicStatus, status), "stat", path);
        return (
            BitConverter.ToUInt16(status[ModeOffset..]) & TypeBits,
            BitConverter.ToUInt32(status[DeviceOffset..]),
            BitConverter.ToUInt32(status[(DeviceOffset + sizeof(uint))..])
        );
    }

    /// <summary>Sets the modification time of the entry itself. Symbolic links are not followed.</summary>
    public static void SetModified(string path, DateTimeOffset time)
    {
        var ticks = (time - DateTimeOffset.UnixEpoch).Ticks;
        var (seconds, rest) = Math.DivRem(ticks, TimeSpan.TicksPerSecond);
        if (rest < 0)
        {
            (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        }
        ReadOnlySpan<long> times = [seconds, rest * 100, seconds, rest * 100];
        Check(UTimeNsAt(CurrentDirectory, path, times, NoFollow), "utimensat", path);
    }

    private static void Check(int result, string call, string path)
    {
        if (result != 0)
        {
            var error = new Win32Exception(Marshal.GetLastPInvokeError());
            throw new IOException($"{call} {path}: {error.Message}", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LChown(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chmod(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkNod(string path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkAt(int oldDirectory, string oldPath, int newDirectory, string newPath, int flags);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LSetXAttr(string path, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint LGetXAttr(string path, string name, nint value, nuint size);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatX(int directory, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UTimeNsAt(int directory, string path, ReadOnlySpan<long> times, int flags);
}
