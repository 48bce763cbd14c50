namespace Petrel.Agent.Files;

/// <content>The disk space beneath a directory.</content>
internal sealed partial class ConfinedDirectory
{
    // Beyond this depth, a measurement costs too much: each directory is opened by its path from the root.
    private const int MeasuredDepth = 1000;

    /// <summary>
    /// The disk space in bytes that the directory and everything beneath it occupy. Hard links count once. Other file systems that are
    /// mounted beneath it do not count.
    /// </summary>
    /// <exception cref="IOException">The tree is too deep to be measured.</exception>
    public long MeasureBytes()
    {
        const int flags = OpenedDirectory;
        const long blockSize = 512;
        var counted = new HashSet<ulong>();
        var pending = new Stack<List<byte[]>>([
            [],
        ]);
        var blocks = Status.Blocks;
        while (pending.TryPop(out var path))
        {
            using var directory = ConfinedPath.OpenEntries(_handle, [.. path, ".\0"u8.ToArray()], flags | SystemCalls.DirectoryOnly);
            if (directory is null)
            {
                continue; // It was removed meanwhile, or it is a mount point.
            }
            foreach (var (name, _) in With(directory, static fd => DirectoryReader.ReadAll(fd).ToList()))
            {
                if (With(directory, fd => FileStatus.Read(fd, name)) is not { } status)
                {
                    continue;
                }
                if (status.Links <= 1 || status.Type == FileType.Directory || counted.Add(status.Inode))
                {
                    blocks += status.Blocks;
                }
                if (status.Type == FileType.Directory)
                {
                    pending.Push(
                        path.Count < MeasuredDepth
                            ? [.. path, name]
                            : throw new IOException($"{Name} has more than {MeasuredDepth} levels of directories")
                    );
                }
            }
        }
        return (long)blocks * blockSize;
    }
}
