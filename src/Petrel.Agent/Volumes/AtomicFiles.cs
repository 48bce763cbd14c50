using System.Globalization;
using Petrel.Agent.Files;

namespace Petrel.Agent.Volumes;

/// <summary>
/// Replaces the files of a volume at once (upstream: the kubelet's atomic writer). The files are in a directory <c>..N</c>, to which the
/// link <c>..data</c> points, and visible names link to <c>..data/NAME</c>. Entries that containers put into the volume are not trusted:
/// they are never followed.
/// </summary>
internal static class AtomicFiles
{
    private const string Data = "..data";
    private const string NewData = "..data_tmp";
    private const uint DirectoryMode = 0x1ED; // 0755
    private const uint SetGroup = 0x400; // 02000
    private const uint GroupCanRead = 0x120; // 0440
    private const uint GroupCanEnter = 0x48; // 0110
    private const uint PermissionBits = 0x1FF; // 0777

    /// <summary>Makes the volume contain exactly these files.</summary>
    /// <param name="volume">The volume's directory.</param>
    /// <param name="files">The files. Of several files with one path, the last one counts.</param>
    /// <param name="group">The pod's fsGroup, which then owns the files and can read them; null for none.</param>
    /// <exception cref="IOException">A path is not allowed, or the volume can't be written.</exception>
    public static void Write(ConfinedDirectory volume, IReadOnlyList<VolumeFile> files, long? group)
    {
        var wanted = new SortedDictionary<string, VolumeFile>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            VolumeFilePath.Check(file.Path);
            wanted[string.Join('/', ConfinedPath.Split(file.Path))] = file;
        }
        var current = volume.ReadLink(Data) is { } link && GenerationOf(link) is not null ? link : null;
        if (current is null || !HasExactly(volume, current, wanted, group))
        {
            current = WriteGeneration(volume, $"..{(current is null ? 0 : GenerationOf(current)) + 1}", wanted, group);
            Replace(volume, current);
        }
        SetVisible(volume, wanted.Keys.Select(p => p.Split('/')[0]).ToHashSet(StringComparer.Ordinal));
        foreach (var old in volume.List().Where(n => n != current && (n == NewData || GenerationOf(n) is not null)))
        {
            volume.RemoveTree(old);
        }
    }

    private static long? GenerationOf(string name) =>
        name.StartsWith("..", StringComparison.Ordinal)
        && long.TryParse(name.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number < long.MaxValue
            ? number
            : null;

    private static string WriteGeneration(ConfinedDirectory volume, string name, SortedDictionary<string, VolumeFile> files, long? group)
    {
        volume.RemoveTree(name);
        using var directory = volume.CreateDirectory(name, DirectoryMode);
        Own(directory);
        foreach (var (path, file) in files)
        {
            if (path.LastIndexOf('/') is > 0 and var end)
            {
                directory.EnsureDirectory(path[..end], DirectoryMode, created: Own).Dispose();
            }
            directory.WriteFile(path, file.Content.Span, ModeOf(file, group), file.User, group);
        }
        return name;

        void Own(ConfinedDirectory made)
        {
            if (group is not null)
            {
                made.ChangeOwner(null, group);
                made.ChangeMode(DirectoryMode | SetGroup | GroupCanRead | GroupCanEnter);
            }
        }
    }

    private static uint ModeOf(VolumeFile file, long? group) => ((uint)file.Mode & PermissionBits) | (group is null ? 0 : GroupCanRead);

    private static void Replace(ConfinedDirectory volume, string generation)
    {
        volume.RemoveTree(NewData);
        volume.CreateSymbolicLink(NewData, generation);
        if (volume.StatusOf(Data) is { Type: FileType.Directory })
        {
            volume.RemoveTree(Data); // A link can't replace a directory.
        }
        volume.Rename(NewData, Data);
    }

    private static void SetVisible(ConfinedDirectory volume, HashSet<string> names)
    {
        foreach (var name in names.Order(StringComparer.Ordinal))
        {
            if (volume.ReadLink(name) != $"{Data}/{name}")
            {
                volume.RemoveTree(name);
                volume.CreateSymbolicLink(name, $"{Data}/{name}");
            }
        }
        foreach (var entry in volume.List().Where(n => !n.StartsWith("..", StringComparison.Ordinal) && !names.Contains(n)))
        {
            // Directories were created for a mount's subPath.
            if (volume.StatusOf(entry) is { Type: not FileType.Directory })
            {
                volume.RemoveTree(entry);
            }
        }
    }

    private static bool HasExactly(ConfinedDirectory volume, string generation, SortedDictionary<string, VolumeFile> files, long? group)
    {
        try
        {
            using var directory = volume.TryOpenDirectory(generation);
            return directory is not null
                && EntriesOf(files.Keys).All(d => HasEntries(directory, d.Key, d.Value))
                && files.All(f => IsSame(directory, f.Key, f.Value, group));
        }
        catch (IOException)
        {
            return false; // An entry is not what the agent wrote.
        }
    }

    // The directories of the files, "" for the top, with the names in them.
    private static SortedDictionary<string, SortedSet<string>> EntriesOf(IEnumerable<string> paths)
    {
        var directories = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal) { [""] = new(StringComparer.Ordinal) };
        foreach (var parts in paths.Select(p => p.Split('/')))
        {
            for (var i = 0; i < parts.Length; i++)
            {
                var directory = string.Join('/', parts[..i]);
                if (!directories.TryGetValue(directory, out var names))
                {
                    directories[directory] = names = new(StringComparer.Ordinal);
                }
                names.Add(parts[i]);
            }
        }
        return directories;
    }

    private static bool HasEntries(ConfinedDirectory directory, string path, SortedSet<string> names)
    {
        using var child = directory.TryOpenDirectory(path);
        return child is not null && child.List().SequenceEqual(names);
    }

    private static bool IsSame(ConfinedDirectory directory, string path, VolumeFile file, long? group) =>
        directory.StatusOf(path) is { Type: FileType.Regular } status
        && status.Mode == ModeOf(file, group)
        && (group ?? status.Group) == status.Group
        && (file.User ?? status.User) == status.User
        && status.Size == (ulong)file.Content.Length
        && directory.TryRead(path, file.Content.Length) is { } content
        && content.AsSpan().SequenceEqual(file.Content.Span);
}
