using Microsoft.Win32.SafeHandles;

namespace Petrel.Agent.Files;

/// <content>Listing, and removing everything beneath a directory.</content>
internal sealed partial class ConfinedDirectory
{
    // Deeper directories are moved up before they are removed, so that a removal needs few descriptors for a tree of any depth.
    private const int MaximumDepth = 64;

    // A directory to which another process still writes is tried again this often.
    private const int MaximumPasses = 1000;

    private const string MovedPrefix = ".petrel-removed-";

    /// <summary>
    /// The names of the directory's entries in ordinal order. Names that are not UTF-8 appear with replacement characters.
    /// </summary>
    public IReadOnlyList<string> List()
    {
        using var listed = OpenDirectory(".");
        var names = With(listed._handle, fd => DirectoryReader.ReadAll(fd).Select(e => SystemCalls.Text(e.Name)).ToList());
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <summary>
    /// Removes an entry, and everything beneath it if it is a directory. Links are removed, not followed. Does nothing when the entry does
    /// not exist.
    /// </summary>
    /// <exception cref="IOException">A mount point is beneath the entry, or another process keeps creating entries.</exception>
    public void RemoveTree(string path)
    {
        using var place = TryLocate(path);
        if (place is not null)
        {
            With(place.Parent, fd =>
            {
                RemoveEntry(fd, place.Leaf, Join(path));
                return 0;
            });
        }
    }

    private static void RemoveEntry(int parent, byte[] name, string path)
    {
        for (var attempt = 0; attempt < MaximumPasses; attempt++)
        {
            if (TryRemoveEntry(parent, name, path))
            {
                return;
            }
        }
        throw new IOException($"{path} is still being written to");
    }

    // Returns false when another process replaced the entry meanwhile.
    private static bool TryRemoveEntry(int parent, byte[] name, string path)
    {
        if (SystemCalls.UnlinkAt(parent, name, 0) == 0)
        {
            return true;
        }
        var error = SystemCalls.LastError;
        if (error == SystemCalls.NoEntry)
        {
            return true;
        }
        if (error is not (SystemCalls.IsDirectory or SystemCalls.NotPermitted))
        {
            throw SystemCalls.Failure("remove", path, error);
        }
        using (var directory = OpenForRemoval(parent, name, path))
        {
            if (directory is not null)
            {
                With(directory, fd =>
                {
                    Empty(fd, path);
                    return 0;
                });
            }
        }
        if (SystemCalls.UnlinkAt(parent, name, SystemCalls.RemoveDirectory) == 0)
        {
            return true;
        }
        return SystemCalls.LastError switch
        {
            SystemCalls.NoEntry => true,
            SystemCalls.NotDirectory when error == SystemCalls.IsDirectory => false,
            SystemCalls.NotEmpty or SystemCalls.Exists => false,
            var reason => throw SystemCalls.Failure("remove", path, reason),
        };
    }

    private static void Empty(int top, string path)
    {
        var moved = 0;
        for (var pass = 0; pass < MaximumPasses; pass++)
        {
            if (!RemoveContent(top, top, 0, path, ref moved))
            {
                return;
            }
        }
        throw new IOException($"{path} is still being written to");
    }

    // One pass over a directory. Returns whether there were entries.
    private static bool RemoveContent(int directory, int top, int depth, string path, ref int moved)
    {
        var found = false;
        if (!Environment.IsPrivilegedProcess)
        {
            _ = SystemCalls.ChangeMode(directory, 0x1C0); // A container may have removed its own permissions.
        }
        _ = SystemCalls.Seek(directory, 0, 0);
        foreach (var (name, isDirectory) in DirectoryReader.ReadAll(directory))
        {
            found = true;
            if (!isDirectory && SystemCalls.UnlinkAt(directory, name, 0) == 0)
            {
                continue;
            }
            if (!isDirectory && SystemCalls.LastError is not (SystemCalls.IsDirectory or SystemCalls.NotPermitted or SystemCalls.NoEntry))
            {
                throw SystemCalls.Failure("remove", $"{path}/{SystemCalls.Text(name)}");
            }
            if (depth == MaximumDepth && SystemCalls.RenameAt(directory, name, top, SystemCalls.Name(MovedPrefix + ++moved)) == 0)
            {
                continue;
            }
            RemoveSubdirectory(directory, name, top, depth, path, ref moved);
        }
        return found;
    }

    private static void RemoveSubdirectory(int directory, byte[] name, int top, int depth, string path, ref int moved)
    {
        var shown = $"{path}/{SystemCalls.Text(name)}";
        using (var child = OpenForRemoval(directory, name, shown))
        {
            if (child is null)
            {
                return; // Another process removed it, or replaced it with a file, which the next pass finds.
            }
            var descriptor = (int)child.DangerousGetHandle();
            if (depth < MaximumDepth)
            {
                RemoveContent(descriptor, top, depth + 1, shown, ref moved);
            }
            GC.KeepAlive(child);
        }
        if (SystemCalls.UnlinkAt(directory, name, SystemCalls.RemoveDirectory) != 0 && SystemCalls.LastError is var error)
        {
            // New entries are found in the next pass.
            if (error is not (SystemCalls.NoEntry or SystemCalls.NotEmpty or SystemCalls.NotDirectory or SystemCalls.Exists))
            {
                throw SystemCalls.Failure("remove", shown, error);
            }
        }
    }

    private static SafeFileHandle? OpenForRemoval(int parent, byte[] name, string path)
    {
        using var directory = new SafeFileHandle(parent, ownsHandle: false);
        var flags = OpenedDirectory | SystemCalls.DirectoryOnly;
        for (var attempt = 0; ; attempt++)
        {
            var opened = ConfinedPath.OpenEntry(directory, name, flags);
            if (opened >= 0)
            {
                return new SafeFileHandle(opened, ownsHandle: true);
            }
            switch (SystemCalls.LastError)
            {
                case SystemCalls.NoEntry or SystemCalls.NotDirectory or SystemCalls.TooManyLinks:
                    return null;
                case SystemCalls.OtherFileSystem:
                    throw new IOException($"{path} is a mount point");
                case SystemCalls.NoAccess when attempt == 0:
                    MakeAccessible(directory, name);
                    break;
                case var error:
                    throw SystemCalls.Failure("open", path, error);
            }
        }
    }

    private static void MakeAccessible(SafeFileHandle parent, byte[] name)
    {
        var pinned = ConfinedPath.OpenEntry(parent, name, SystemCalls.PathOnly | SystemCalls.CloseOnExec | SystemCalls.DirectoryOnly);
        if (pinned >= 0)
        {
            _ = SystemCalls.ChangeMode(SystemCalls.Name($"/proc/self/fd/{pinned}"), 0x1C0);
            _ = SystemCalls.Close(pinned);
        }
    }
}
