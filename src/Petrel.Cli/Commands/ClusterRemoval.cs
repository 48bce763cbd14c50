using Petrel.LocalCluster;

namespace Petrel.Cli.Commands;

/// <summary>Deletes what a cluster keeps on disk. What else a user keeps in the same directory stays.</summary>
internal static class ClusterRemoval
{
    /// <exception cref="UserErrorException">Something is still mounted in it.</exception>
    public static void Delete(ClusterDirectory directory)
    {
        // A deletion must not reach through a mount into what does not belong to the cluster.
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

    // Field 5 of proc(5) mountinfo, in which a space is \040.
    private static string MountPoint(string line) => line.Split(' ')[4].Replace("\\040", " ");
}
