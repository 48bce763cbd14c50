using System.Runtime.InteropServices;

namespace Petrel.Agent.Files;

/// <content>Links, special files and metadata of the entries beneath a directory. Links are changed themselves, never followed.</content>
internal sealed partial class ConfinedDirectory
{
    /// <summary>Creates a device node, a pipe or an empty regular file.</summary>
    public void CreateNode(string path, FileType type, uint mode, uint major = 0, uint minor = 0)
    {
        using var place = Locate(path);
        var device =
            ((ulong)(major & 0xFFFFF000) << 32) | ((ulong)(major & 0xFFF) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
        var result = With(place.Parent, fd => SystemCalls.MakeNodeAt(fd, place.Leaf, (uint)type | mode, device));
        SystemCalls.Check(result, "mknod", Join(path));
    }

    /// <summary>Creates another name of an entry. A link gets another name itself.</summary>
    public void CreateHardLink(string existing, string path)
    {
        using var old = Locate(existing);
        using var place = Locate(path);
        var result = With(old.Parent, from => With(place.Parent, to => SystemCalls.MakeHardLinkAt(from, old.Leaf, to, place.Leaf, 0)));
        SystemCalls.Check(result, "link", Join(path));
    }

    public void ChangeOwnerOf(string path, int user, int group)
    {
        using var place = Locate(path);
        var result = With(place.Parent, fd => SystemCalls.ChangeOwnerAt(fd, place.Leaf, (uint)user, (uint)group, SystemCalls.DoNotFollow));
        SystemCalls.Check(result, "chown", Join(path));
    }

    /// <summary>Sets the mode of an entry that is no link, including the setuid, setgid and sticky bits.</summary>
    public void ChangeModeOf(string path, uint mode)
    {
        using var pinned = TryPin(path) ?? throw SystemCalls.Failure("open", Join(path), SystemCalls.NoEntry);
        SystemCalls.Check(SystemCalls.ChangeMode(SystemCalls.Name(PinnedPathOf(pinned)), mode & 0xFFF), "chmod", Join(path));
    }

    /// <summary>Sets the modification time of an entry.</summary>
    public void SetModified(string path, DateTimeOffset time)
    {
        using var place = Locate(path);
        var ticks = (time - DateTimeOffset.UnixEpoch).Ticks;
        var (seconds, rest) = Math.DivRem(ticks, TimeSpan.TicksPerSecond);
        if (rest < 0)
        {
            (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        }
        long[] times = [seconds, rest * 100, seconds, rest * 100];
        var result = With(place.Parent, fd => SystemCalls.SetTimesAt(fd, place.Leaf, times, SystemCalls.DoNotFollow));
        SystemCalls.Check(result, "utimensat", Join(path));
    }

    /// <summary>
    /// Sets an extended attribute of an entry, or of the directory itself for an empty path. Does nothing when the file system does not
    /// support attributes of that kind.
    /// </summary>
    public void SetAttribute(string path, string name, ReadOnlySpan<byte> value)
    {
        using var pinned = TryPin(path) ?? throw SystemCalls.Failure("open", Join(path), SystemCalls.NoEntry);
        if (
            SetXAttr(PinnedPathOf(pinned), name, value, (nuint)value.Length, 0) != 0
            && SystemCalls.LastError is not SystemCalls.NotSupported
        )
        {
            throw SystemCalls.Failure($"setxattr {name} on", Join(path));
        }
    }

    /// <summary>Whether the directory itself has an extended attribute.</summary>
    public bool HasAttribute(string name) => GetXAttr(PinnedPath, name, 0, 0) >= 0;

    [LibraryImport("libc", EntryPoint = "setxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetXAttr(string path, string name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetXAttr(string path, string name, nint value, nuint size);
}
