using Petrel.Agent.Files;
using Petrel.Agent.Images;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>
/// A container's private copy of its image's files, with links to its volumes. Programs see the host's root directory, so symbolic links
/// with absolute targets are rewritten to point to the same file inside the copy.
/// </summary>
internal static class RootFileSystem
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Merges the unpacked layers into the root, base layer first.</summary>
    public static void Build(IReadOnlyList<string> layers, string root)
    {
        Directory.CreateDirectory(root, Owner);
        foreach (var layer in layers)
        {
            Merge(layer, root, root);
        }
    }

    /// <summary>
    /// Links volumes at their mount paths in the root. Returns the mounts that can't be linked: their path is inside another volume or is
    /// the root itself.
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

    /// <summary>
    /// The host path of an absolute path in the root. It does not resolve symbolic links, because they already point inside the root.
    /// </summary>
    public static string InRoot(string root, string path) => (root + Path.GetFullPath("/" + path)).TrimEnd('/');

    /// <summary>Deletes a root. Links to volumes are deleted; the volumes are not.</summary>
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
            // The program removed permissions from its own directories. Restore them.
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
            switch (FileStatus.Of(from).Type)
            {
                case FileType.Directory:
                    if (!IsDirectory(to))
                    {
                        Remove(to);
                        Directory.CreateDirectory(to);
                    }
                    File.SetUnixFileMode(to, File.GetUnixFileMode(from) | Owner);
                    Merge(from, to, root);
                    break;
                case FileType.Regular:
                    Remove(to);
                    File.Copy(from, to);
                    break;
                case FileType.SymbolicLink:
                    Remove(to);
                    var link = new FileInfo(from).LinkTarget!;
                    File.CreateSymbolicLink(to, link.StartsWith('/') ? InRoot(root, link) : link);
                    break;
                default:
                    // Skip devices, pipes and sockets: they are useless without isolation. A whiteout removes the entry of the lower layer.
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
