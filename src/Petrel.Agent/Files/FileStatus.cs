namespace Petrel.Agent.Files;

/// <summary>The type of a file system entry, in the kernel's bits.</summary>
internal enum FileType : uint
{
    Fifo = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    SymbolicLink = 0xA000,
    Socket = 0xC000,
}

/// <summary>The status of an entry itself. Symbolic links are not followed.</summary>
/// <param name="Mode">Permission bits with setuid, setgid and sticky.</param>
/// <param name="Blocks">The allocated space in units of 512 bytes.</param>
/// <param name="Device">The device on which the entry is.</param>
/// <param name="Special">The device that the entry stands for.</param>
internal readonly record struct FileStatus(
    FileType Type,
    uint Mode,
    uint User,
    uint Group,
    uint Links,
    ulong Size,
    ulong Blocks,
    ulong Inode,
    (uint Major, uint Minor) Device,
    (uint Major, uint Minor) Special
)
{
    private const uint BasicStatus = 0x7FF;
    private const uint TypeBits = 0xF000;
    private const uint ModeBits = 0xFFF;

    /// <summary>The status of an open file.</summary>
    public static FileStatus Of(Microsoft.Win32.SafeHandles.SafeFileHandle handle)
    {
        var status = Read((int)handle.DangerousGetHandle(), [0])!.Value;
        GC.KeepAlive(handle);
        return status;
    }

    /// <summary>The status of an entry at a path that only the agent controls. Links are not followed.</summary>
    public static FileStatus Of(string path) =>
        Read(SystemCalls.CurrentDirectory, SystemCalls.Name(path)) ?? throw new FileNotFoundException($"{path} does not exist", path);

    /// <summary>The status of what a path on the node leads to: links are followed. Null when it leads to nothing.</summary>
    public static FileStatus? OfTarget(string path) => Read(SystemCalls.CurrentDirectory, SystemCalls.Name(path), follow: true);

    /// <summary>Reads the status. Returns null when there is no such entry.</summary>
    /// <exception cref="IOException">The status can't be read.</exception>
    public static FileStatus? Read(int directory, ReadOnlySpan<byte> name, bool follow = false)
    {
        // struct statx has the same layout on every architecture.
        Span<byte> status = stackalloc byte[256];
        var flags = (follow ? 0 : SystemCalls.DoNotFollow) | (name.Length <= 1 ? SystemCalls.EmptyPath : 0);
        if (SystemCalls.StatusAt(directory, name, flags, BasicStatus, status) != 0)
        {
            return SystemCalls.LastError is SystemCalls.NoEntry or SystemCalls.NotDirectory
                ? null
                : throw SystemCalls.Failure("stat", SystemCalls.Text(name));
        }
        uint mode = BitConverter.ToUInt16(status[28..]);
        return new(
            (FileType)(mode & TypeBits),
            mode & ModeBits,
            BitConverter.ToUInt32(status[20..]),
            BitConverter.ToUInt32(status[24..]),
            BitConverter.ToUInt32(status[16..]),
            BitConverter.ToUInt64(status[40..]),
            BitConverter.ToUInt64(status[48..]),
            BitConverter.ToUInt64(status[32..]),
            (BitConverter.ToUInt32(status[136..]), BitConverter.ToUInt32(status[140..])),
            (BitConverter.ToUInt32(status[128..]), BitConverter.ToUInt32(status[132..]))
        );
    }
}
