using Microsoft.Win32.SafeHandles;

namespace Petrel.Agent.Files;

/// <summary>
/// A directory whose content other programs control, for example a volume that containers write to. Every path is relative to the directory
/// and resolved by the kernel beneath it. Nothing outside is read, written, created or removed, whatever links the content has and even
/// while they are exchanged. Each method that fails throws an <see cref="IOException"/>.
/// </summary>
internal sealed partial class ConfinedDirectory : IDisposable
{
    private const int OpenedDirectory = SystemCalls.ReadOnly | SystemCalls.CloseOnExec;

    private readonly SafeFileHandle _handle;

    private ConfinedDirectory(SafeFileHandle handle, string name)
    {
        _handle = handle;
        Name = name;
    }

    /// <summary>The path by which the directory was opened, for messages.</summary>
    public string Name { get; }

    /// <summary>A path that always leads to this directory, as long as it is open.</summary>
    public string PinnedPath => PinnedPathOf(_handle);

    /// <summary>The directory's own status.</summary>
    public FileStatus Status => FileStatus.Of(_handle);

    /// <summary>Opens a directory at a path that only the agent controls.</summary>
    public static ConfinedDirectory Open(string path)
    {
        var descriptor = SystemCalls.OpenAt(
            SystemCalls.CurrentDirectory,
            SystemCalls.Name(path),
            OpenedDirectory | SystemCalls.DirectoryOnly,
            0
        );
        return descriptor < 0
            ? throw SystemCalls.Failure("open", path)
            : new ConfinedDirectory(new SafeFileHandle(descriptor, ownsHandle: true), path);
    }

    /// <summary>The path by which this process reaches an open file, whatever happens to the file's name.</summary>
    public static string PinnedPathOf(SafeFileHandle handle) => $"/proc/self/fd/{handle.DangerousGetHandle()}";

    /// <summary>Opens a directory beneath this one. Returns null when it does not exist.</summary>
    public ConfinedDirectory? TryOpenDirectory(string path, Links links = Links.Refused, bool oneFileSystem = false) =>
        ConfinedPath.Open(_handle, path, OpenedDirectory | SystemCalls.DirectoryOnly, 0, links, oneFileSystem) is { } handle
            ? new ConfinedDirectory(handle, Join(path))
            : null;

    /// <summary>Opens a directory beneath this one.</summary>
    public ConfinedDirectory OpenDirectory(string path, Links links = Links.Refused) =>
        TryOpenDirectory(path, links) ?? throw new IOException($"{Join(path)} does not exist");

    /// <summary>
    /// Opens a directory beneath this one, and creates its missing components with <paramref name="mode"/>, whatever the umask is. Existing
    /// components keep their mode.
    /// </summary>
    /// <param name="created">Called for each directory that was created.</param>
    public ConfinedDirectory EnsureDirectory(string path, uint mode, Links links = Links.Refused, Action<ConfinedDirectory>? created = null)
    {
        var parts = ConfinedPath.Split(path);
        // The existing part may contain links. The rest has none, because it does not exist yet.
        for (var existing = parts.Length; existing >= 0; existing--)
        {
            var current = TryOpenDirectory(string.Join('/', parts[..existing]), links);
            if (current is null)
            {
                continue;
            }
            foreach (var part in parts[existing..])
            {
                using var parent = current;
                current = parent.MakeDirectory(part, mode, created);
            }
            return current;
        }
        throw new IOException($"{Name} does not exist");
    }

    /// <summary>Creates a directory that must not exist, with <paramref name="mode"/>, whatever the umask is.</summary>
    public ConfinedDirectory CreateDirectory(string path, uint mode)
    {
        using var place = Locate(path);
        SystemCalls.Check(With(place.Parent, fd => SystemCalls.MakeDirectoryAt(fd, place.Leaf, 0x1C0)), "mkdir", Join(path));
        var made = OpenDirectory(path);
        made.ChangeMode(mode);
        return made;
    }

    /// <summary>
    /// A descriptor of an entry of any type, which neither reads nor writes it. A mount from the descriptor's <see cref="PinnedPathOf"/> is
    /// a mount of this very entry. Returns null when it does not exist.
    /// </summary>
    public SafeFileHandle? TryPin(string path, Links links = Links.Refused) =>
        ConfinedPath.Open(_handle, path, SystemCalls.PathOnly | SystemCalls.CloseOnExec, 0, links);

    /// <summary>Opens a regular file for reading. Returns null when it does not exist. Other types of files are refused unopened.</summary>
    public FileStream? TryOpenFile(string path, Links links = Links.Refused)
    {
        using var pinned = TryPin(path, links);
        if (pinned is null)
        {
            return null;
        }
        if (FileStatus.Of(pinned).Type != FileType.Regular)
        {
            throw new IOException($"{Join(path)} is not a regular file");
        }
        var share = FileShare.ReadWrite | FileShare.Delete;
        return new FileStream(PinnedPathOf(pinned), FileMode.Open, FileAccess.Read, share, bufferSize: 1);
    }

    /// <summary>Reads a regular file of at most <paramref name="limit"/> bytes. Returns null when it does not exist.</summary>
    public byte[]? TryRead(string path, int limit, Links links = Links.Refused)
    {
        using var file = TryOpenFile(path, links);
        if (file is null)
        {
            return null;
        }
        var content = new byte[(int)Math.Min(file.Length, limit) + 1];
        var count = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return count <= limit ? content[..count] : throw new IOException($"{Join(path)} is larger than {limit} bytes");
    }

    /// <summary>
    /// Creates a file, which must not exist, and opens it for writing. Only the agent's user can open it until its mode is set.
    /// </summary>
    public FileStream CreateFile(string path)
    {
        const int flags = SystemCalls.WriteOnly | SystemCalls.Create | SystemCalls.Exclusive | SystemCalls.CloseOnExec;
        var handle = ConfinedPath.Open(_handle, path, flags, 0x180) ?? throw SystemCalls.Failure("create", Join(path), SystemCalls.NoEntry);
        return new FileStream(handle, FileAccess.Write, bufferSize: 0);
    }

    /// <summary>Creates a file with this content, mode and owner. It must not exist.</summary>
    /// <param name="user">Null for the agent's own user.</param>
    /// <param name="group">Null for the agent's own group.</param>
    public void WriteFile(string path, ReadOnlySpan<byte> content, uint mode, long? user = null, long? group = null)
    {
        using var file = CreateFile(path);
        file.Write(content);
        // A change of the owner clears mode bits, so the mode is set last.
        ChangeOwner(file.SafeFileHandle, user, group, path);
        SystemCalls.Check(With(file.SafeFileHandle, fd => SystemCalls.ChangeMode(fd, mode)), "chmod", Join(path));
    }

    /// <summary>The status of the entry itself, or null when it does not exist.</summary>
    public FileStatus? StatusOf(string path)
    {
        using var place = TryLocate(path);
        return place is null ? null : With(place.Parent, fd => FileStatus.Read(fd, place.Leaf));
    }

    /// <summary>The target of a symbolic link, or null when the entry is missing or no link.</summary>
    public string? ReadLink(string path)
    {
        using var place = TryLocate(path);
        if (place is null)
        {
            return null;
        }
        var target = new byte[4096];
        var length = With(place.Parent, fd => (int)SystemCalls.ReadLinkAt(fd, place.Leaf, target, (nuint)target.Length));
        return length > 0 ? System.Text.Encoding.UTF8.GetString(target.AsSpan(0, length)) : null;
    }

    public void CreateSymbolicLink(string path, string target)
    {
        using var place = Locate(path);
        var result = With(place.Parent, fd => SystemCalls.MakeSymbolicLinkAt(SystemCalls.Name(target), fd, place.Leaf));
        SystemCalls.Check(result, "symlink", Join(path));
    }

    /// <summary>Renames an entry. It replaces an existing file or link.</summary>
    public void Rename(string from, string to)
    {
        using var old = Locate(from);
        using var place = Locate(to);
        var result = With(old.Parent, source => With(place.Parent, fd => SystemCalls.RenameAt(source, old.Leaf, fd, place.Leaf)));
        SystemCalls.Check(result, "rename", Join(from));
    }

    /// <summary>Sets the mode of the directory itself, including the setuid, setgid and sticky bits.</summary>
    public void ChangeMode(uint mode) => SystemCalls.Check(With(_handle, fd => SystemCalls.ChangeMode(fd, mode)), "chmod", Name);

    /// <summary>Sets the owner of the directory itself. Null keeps the user or the group.</summary>
    public void ChangeOwner(long? user, long? group) => ChangeOwner(_handle, user, group, "");

    public void Dispose() => _handle.Dispose();

    private static T With<T>(SafeFileHandle handle, Func<int, T> call)
    {
        var added = false;
        try
        {
            handle.DangerousAddRef(ref added);
            return call((int)handle.DangerousGetHandle());
        }
        finally
        {
            if (added)
            {
                handle.DangerousRelease();
            }
        }
    }

    private string Join(string path) => path.Length == 0 ? Name : $"{Name}/{path}";

    private ConfinedDirectory MakeDirectory(string name, uint mode, Action<ConfinedDirectory>? created)
    {
        var leaf = SystemCalls.Name(name);
        var made = With(_handle, fd => SystemCalls.MakeDirectoryAt(fd, leaf, mode));
        if (made != 0 && SystemCalls.LastError != SystemCalls.Exists)
        {
            throw SystemCalls.Failure("mkdir", Join(name));
        }
        var directory = OpenDirectory(name);
        if (made == 0)
        {
            directory.ChangeMode(mode);
            created?.Invoke(directory);
        }
        return directory;
    }

    private void ChangeOwner(SafeFileHandle handle, long? user, long? group, string path)
    {
        if (user is null && group is null)
        {
            return;
        }
        var result = With(handle, fd => SystemCalls.ChangeOwnerAt(fd, [0], Id(user), Id(group), SystemCalls.EmptyPath));
        SystemCalls.Check(result, "chown", Join(path));

        static uint Id(long? id) => id is { } number ? checked((uint)number) : uint.MaxValue;
    }

    private Place Locate(string path) => TryLocate(path) ?? throw SystemCalls.Failure("open", Join(path), SystemCalls.NoEntry);

    /// <summary>The open parent directory and the last component of a path. Null when the parent does not exist.</summary>
    private Place? TryLocate(string path)
    {
        var parts = ConfinedPath.Split(path);
        if (parts.Length == 0)
        {
            throw new IOException($"{Name}: the path is empty");
        }
        var parent = ConfinedPath.Open(
            _handle,
            string.Join('/', parts[..^1]),
            SystemCalls.PathOnly | SystemCalls.CloseOnExec | SystemCalls.DirectoryOnly
        );
        return parent is null ? null : new Place(parent, SystemCalls.Name(parts[^1]));
    }

    private sealed record Place(SafeFileHandle Parent, byte[] Leaf) : IDisposable
    {
        public void Dispose() => Parent.Dispose();
    }
}
