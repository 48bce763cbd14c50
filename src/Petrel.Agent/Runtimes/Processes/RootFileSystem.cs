using Petrel.Agent.Images;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>
/// A container's own copy of its image's files, and its volumes below it. Programs see the host's root, so links with absolute targets are
/// made to lead to the same file inside the copy.
/// </summary>
internal static class RootFileSystem
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Lays the unpacked layers over one another, the base first.</summary>
    public static void Build(IReadOnlyList<string> layers, string root)
    {
        Directory.CreateDirectory(root, Owner);
        foreach (var layer in layers)
        {
            Merge(layer, root, root);
        }
    }

    /// <summary>
    /// Shows volumes at their paths in the root, as links. Answers those that can't be shown because their path lies inside another volume.
    /// </summary>
    public static IReadOnlyList<Mount> Link(string root, IReadOnlyList<Mount> mounts)
    {
        var hidden = new List<Mount>();
        var linked = new List<string>();
        foreach (var mount in mounts.OrderBy(m => m.ContainerPath.Count(c => c == '/')))
        {
            var path = InRoot(root, mount.ContainerPath);
            if (linked.Exists(l => path.StartsWith(l + "/", StringComparison.Ordinal)) || path == root)
            {
                hidden.Add(mount);
                continue;
            }
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Remove(path);
            File.CreateSymbolicLink(path, mount.HostPath);
            linked.Add(path);
        }
        return hidden;
    }

    /// <summary>The host's path of an absolute path in the root. Links on the way lead to files inside the root already.</summary>
    public static string InRoot(string root, string path) => (root + Path.GetFullPath("/" + path)).TrimEnd('/');

    /// <summary>Takes a root away. Links to volumes go, not the volumes.</summary>
    public static void Delete(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            // The program took rights away from its own folders.
            MakeWritable(directory);
            Directory.Delete(directory, recursive: true);
        }
    }

    private static void Merge(string source, string target, string root)
    {
        if (LayerUnpacker.IsOpaque(source))
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(target).ToList())
            {
                Remove(entry);
            }
        }
        foreach (var from in Directory.EnumerateFileSystemEntries(source).Order(StringComparer.Ordinal))
        {
            var to = Path.Combine(target, Path.GetFileName(from));
            switch (FileSystemCalls.TypeOf(from).Type)
            {
                case FileSystemCalls.Directory:
                    if (!IsDirectory(to))
                    {
                        Remove(to);
                        Directory.CreateDirectory(to);
                    }
                    File.SetUnixFileMode(to, File.GetUnixFileMode(from) | Owner);
                    Merge(from, to, root);
                    break;
                case FileSystemCalls.RegularFile:
                    Remove(to);
                    File.Copy(from, to);
                    break;
                case FileSystemCalls.SymbolicLink:
                    Remove(to);
                    var link = new FileInfo(from).LinkTarget!;
                    File.CreateSymbolicLink(to, link.StartsWith('/') ? InRoot(root, link) : link);
                    break;
                default:
                    // A whiteout; devices, pipes and sockets are of no use without isolation.
                    Remove(to);
                    break;
            }
        }
    }

    private static void Remove(string path)
    {
        if (IsDirectory(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else
        {
            File.Delete(path);
        }
    }

    private static void MakeWritable(string directory)
    {
        File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | Owner);
        foreach (var folder in Directory.EnumerateDirectories(directory).Where(IsDirectory))
        {
            MakeWritable(folder);
        }
    }

    private static bool IsDirectory(string path) => Directory.Exists(path) && new FileInfo(path).LinkTarget is null;
}
