using Petrel.Agent.Files;

namespace Petrel.Agent.Volumes;

/// <summary>Checks a <c>hostPath</c> volume's path against its type. Links on the node are followed, as upstream.</summary>
internal static class HostPathType
{
    /// <exception cref="IOException">The path does not match the type.</exception>
    public static void Ensure(string path, string type)
    {
        var found = FileStatus.OfTarget(path)?.Type;
        switch (type)
        {
            case "" or null:
                return;
            case "DirectoryOrCreate" when found is null:
                Directory.CreateDirectory(path);
                return;
            case "FileOrCreate" when found is null:
                File.WriteAllBytes(path, []);
                return;
        }
        var (wanted, description) = type switch
        {
            "Directory" or "DirectoryOrCreate" => (FileType.Directory, "directory"),
            "File" or "FileOrCreate" => (FileType.Regular, "file"),
            "Socket" => (FileType.Socket, "socket file"),
            "CharDevice" => (FileType.CharacterDevice, "character device"),
            "BlockDevice" => (FileType.BlockDevice, "block device"),
            _ => throw new IOException($"{type} is an invalid volume type"),
        };
        if (found != wanted)
        {
            throw new IOException($"hostPath type check failed: {path} is not a {description}");
        }
    }
}
