using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary>Deletes a cluster's files on disk. The user's other files in the same directory are kept.</summary>
internal static class ClusterRemoval
{
    /// <exception cref="UserErrorException">A file system is still mounted in the directory.</exception>
    public static void Delete(ClusterDirectory directory)
    {
        // Refuse to delete through a mount, because its files do not belong to the cluster.
        if (File.ReadLines("/proc/self/mountinfo").Select(MountPoint).FirstOrDefault(m => IsBeneath(m, directory.Root)) is { } mounted)
        {
            throw new UserErrorException($"{mounted} is still mounted: unmount it, then delete again. Nothing was deleted.");
        }
        directory.DeleteState();
        File.Delete(directory.ChangeLock);
        File.Delete(directory.SupervisorLock);
        if (Directory.Exists(directory.Images))
        {
            Directory.Delete(directory.Images, recursive: true);
        }
        if (Directory.Exists(directory.Root) && !Directory.EnumerateFileSystemEntries(directory.Root).Any())
        {
            Directory.Delete(directory.Root);
        }
    }

    internal static bool IsBeneath(string path, string root) => path.StartsWith(root + "/", StringComparison.Ordinal);

    // Field 5 of mountinfo (proc(5)), in which \040 stands for a space.
    private static string MountPoint(string line) => line.Split(' ')[4].Replace("\\040", " ");
}
