using Petrel.Agent.Files;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>Creates and removes the mounts of sandboxes and containers.</summary>
internal static class Mounts
{
    /// <summary>
    /// Mounts an overlay at <paramref name="target"/>: read-only <paramref name="layers"/> (base layer first) below a writable directory.
    /// </summary>
    /// <exception cref="RuntimeException">The mount failed.</exception>
    public static void Overlay(IReadOnlyList<string> layers, string upper, string work, string target)
    {
        var options = $"{LowerDirectories(layers)},upperdir={Escape(upper)},workdir={Escape(work)}";
        MountOverlay(layers.Count, options, target, 0);
    }

    /// <summary>Mounts the files of an image read-only at <paramref name="target"/>. Its programs can't be run there.</summary>
    /// <exception cref="RuntimeException">The mount failed.</exception>
    public static void Image(IReadOnlyList<string> layers, string target)
    {
        const ulong flags = MountCalls.ReadOnly | MountCalls.NoSetUid | MountCalls.NoDevices | MountCalls.NoExecute;
        switch (layers.Count)
        {
            case 0:
                break;
            case 1: // An overlay needs two directories.
                Checked(() =>
                {
                    MountCalls.Mount(layers[0], target, "none", MountCalls.Bind);
                    MountCalls.Mount("none", target, "none", MountCalls.Bind | MountCalls.Remount | flags);
                });
                break;
            default:
                MountOverlay(layers.Count, LowerDirectories(layers), target, flags);
                break;
        }
    }

    /// <summary>Checks that new mounts can propagate between a mount's path on the node and a container, as the mount asks.</summary>
    /// <exception cref="RuntimeException">They can't.</exception>
    public static void RequirePropagation(Mount mount)
    {
        if (mount.Propagation == MountPropagation.None)
        {
            return;
        }
        var (path, isShared, isSlave) = MountCalls.MountOf(mount.HostPath);
        if (isShared || (isSlave && mount.Propagation == MountPropagation.HostToContainer))
        {
            return;
        }
        var wanted = mount.Propagation == MountPropagation.Bidirectional ? "shared" : "shared or slave";
        throw new RuntimeException(
            "CreateContainerError",
            $"path \"{mount.HostPath}\" is mounted on \"{path}\" but it is not a {wanted} mount"
        );
    }

    private static string LowerDirectories(IReadOnlyList<string> layers) => $"lowerdir={string.Join(':', layers.Reverse().Select(Escape))}";

    private static void MountOverlay(int layers, string options, string target, ulong flags)
    {
        // The kernel accepts at most one page of mount options. Images with very many layers and long paths exceed it.
        if (System.Text.Encoding.UTF8.GetByteCount(options) >= 4096)
        {
            throw new RuntimeException(
                "CreateContainerError",
                $"the image's {layers} layers do not fit into one overlay mount under {target}"
            );
        }
        Checked(() => MountCalls.Mount("overlay", target, "overlay", flags, options));
    }

    public static void Tmpfs(string target, long size)
    {
        const ulong flags = MountCalls.NoSetUid | MountCalls.NoDevices | MountCalls.NoExecute;
        Checked(() => MountCalls.Mount("shm", target, "tmpfs", flags, $"mode=1777,size={size}"));
    }

    /// <summary>
    /// Turns a directory into a private mount point, whose mounts do not propagate to other mount namespaces. Pinned network, IPC and UTS
    /// namespaces require this.
    /// </summary>
    public static void MakePrivate(string directory) =>
        Checked(() =>
        {
            MountCalls.Mount(directory, directory, "none", MountCalls.Bind);
            MountCalls.Mount("none", directory, "none", MountCalls.Private);
        });

    /// <summary>Detaches a mount. Does nothing when nothing is mounted.</summary>
    public static void Remove(string target) => Checked(() => MountCalls.Remove(target));

    /// <summary>All mount points at or below a directory.</summary>
    public static SortedSet<string> Below(string directory) => MountCalls.Below(directory);

    private static string Escape(string path) =>
        path.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace(":", "\\:", StringComparison.Ordinal)
            .Replace(",", "\\,", StringComparison.Ordinal);

    private static void Checked(Action call)
    {
        try
        {
            call();
        }
        catch (IOException e)
        {
            throw new RuntimeException("CreateContainerError", e.Message, e);
        }
    }
}
