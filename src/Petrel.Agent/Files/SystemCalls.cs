using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Petrel.Agent.Files;

/// <summary>The kernel's file calls that take a directory descriptor. Names are UTF-8 and end with a zero byte.</summary>
internal static partial class SystemCalls
{
    public const int CurrentDirectory = -100;

    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;

    public const ulong NoOtherFileSystem = 1;
    public const ulong NoMagicLinks = 2;
    public const ulong NoSymbolicLinks = 4;
    public const ulong Beneath = 8;
    public const ulong InRoot = 0x10;

    public const int DoNotFollow = 0x100;
    public const int RemoveDirectory = 0x200;
    public const int EmptyPath = 0x1000;

    public const int NotPermitted = 1;
    public const int NoEntry = 2;
    public const int TryAgain = 11;
    public const int NoAccess = 13;
    public const int Busy = 16;
    public const int Exists = 17;
    public const int OtherFileSystem = 18;
    public const int NotDirectory = 20;
    public const int IsDirectory = 21;
    public const int Invalid = 22;
    public const int NotEmpty = 39;
    public const int TooManyLinks = 40;
    public const int NotSupported = 95;

    private const int OpenAt2Number = 437;

    // These two flags have other values on ARM.
    public static readonly int DirectoryOnly = IsArm ? 0x4000 : 0x10000;
    public static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    private static int GetDentsNumber => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 217 : 61;

    /// <summary>A path or name as the kernel takes it.</summary>
    /// <exception cref="IOException">The name contains a zero byte.</exception>
    public static byte[] Name(string text) =>
        text.Contains('\0') ? throw new IOException("a file name contains a zero byte") : [.. Encoding.UTF8.GetBytes(text), 0];

    public static string Text(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name[^1] == 0 ? name[..^1] : name);

    public static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>The exception for the last call, which failed.</summary>
    public static IOException Failure(string call, string path, int? error = null)
    {
        var cause = new Win32Exception(error ?? LastError);
        return new IOException($"{call} {path}: {cause.Message}", cause);
    }

    public static void Check(int result, string call, string path)
    {
        if (result != 0)
        {
            throw Failure(call, path);
        }
    }

    /// <summary>Opens a path with restrictions on how it resolves. Returns a descriptor, or -1.</summary>
    public static int OpenAt2(int directory, ReadOnlySpan<byte> path, int flags, uint mode, ulong resolve)
    {
        ReadOnlySpan<ulong> how = [(uint)flags, mode, resolve];
        return (int)OpenAt2(OpenAt2Number, directory, path, how, (nuint)(how.Length * sizeof(ulong)));
    }

    /// <summary>Reads a chunk of directory entries. Returns the number of bytes, 0 at the end, or -1.</summary>
    public static int GetEntries(int directory, Span<byte> buffer) =>
        (int)GetDents(GetDentsNumber, directory, buffer, (nuint)buffer.Length);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int directory, ReadOnlySpan<byte> path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(int descriptor, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeDirectoryAt(int directory, ReadOnlySpan<byte> name, uint mode);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true)]
    public static partial int MakeNodeAt(int directory, ReadOnlySpan<byte> name, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int MakeSymbolicLinkAt(ReadOnlySpan<byte> target, int directory, ReadOnlySpan<byte> name);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    public static partial int MakeHardLinkAt(
        int oldDirectory,
        ReadOnlySpan<byte> oldName,
        int newDirectory,
        ReadOnlySpan<byte> newName,
        int flags
    );

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLinkAt(int directory, ReadOnlySpan<byte> name, Span<byte> buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    public static partial int RenameAt(int oldDirectory, ReadOnlySpan<byte> oldName, int newDirectory, ReadOnlySpan<byte> newName);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int UnlinkAt(int directory, ReadOnlySpan<byte> name, int flags);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    public static partial int ChangeOwnerAt(int directory, ReadOnlySpan<byte> name, uint user, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(int descriptor, uint mode);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true)]
    public static partial int ChangeMode(ReadOnlySpan<byte> path, uint mode);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    public static partial int SetTimesAt(int directory, ReadOnlySpan<byte> name, ReadOnlySpan<long> times, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    public static partial int StatusAt(int directory, ReadOnlySpan<byte> name, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint OpenAt2(nint number, nint directory, ReadOnlySpan<byte> path, ReadOnlySpan<ulong> how, nuint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint GetDents(nint number, nint directory, Span<byte> buffer, nuint size);
}
