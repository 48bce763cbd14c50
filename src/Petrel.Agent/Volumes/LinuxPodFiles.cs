using System.Globalization;
using Petrel.Agent.Files;

namespace Petrel.Agent.Volumes;

/// <summary>
/// Stores the volumes and logs of pods in one directory: <c>pods/UID/volumes/NAME</c> and <c>logs/NS_NAME_UID/CONTAINER/ATTEMPT.log</c>.
/// Containers write to the volumes, so everything in them is reached through a <see cref="ConfinedDirectory"/>.
/// </summary>
public sealed partial class LinuxPodFiles(string root) : IPodFiles
{
    private const uint OwnerOnly = 0x1C0; // 0700
    private const uint AllUsers = 0x1FF; // 0777
    private const uint AllCanRead = 0x1ED; // 0755
    private const uint SetGroup = 0x400; // 02000
    private const int LongestName = 255;

    // The number of logs of earlier attempts to keep. `kubectl logs --previous` needs the last one.
    private const int EarlierLogs = 1;

    // Without root, there are neither mounts nor owners, and no isolation from which a link could lead out.
    private readonly bool _isPrivileged = Environment.IsPrivilegedProcess;

    /// <inheritdoc/>
    public ValueTask<string> EnsureDirectoryAsync(
        string podUid,
        string volume,
        EmptyDirectory directory,
        CancellationToken cancellationToken
    )
    {
        var path = VolumePath(podUid, volume);
        using var volumes = OpenVolumes(podUid);
        if (volumes.StatusOf(volume) is null)
        {
            // The directory appears under its name when it is complete, because the agent may die at any time.
            var fresh = $".{volume}.new";
            volumes.RemoveTree(fresh);
            using var made = volumes.CreateDirectory(fresh, AllUsers);
            if (_isPrivileged && directory.Group is { } group)
            {
                made.ChangeOwner(null, group);
                made.ChangeMode(AllUsers | SetGroup);
            }
            volumes.Rename(fresh, volume);
        }
        if (directory.InMemory && _isPrivileged && !MountCalls.Below(path).Contains(path))
        {
            MountCalls.Mount("tmpfs", path, "tmpfs", 0, TmpfsOptions(directory));
        }
        return new(path);
    }

    /// <inheritdoc/>
    public ValueTask<string> WriteFilesAsync(
        string podUid,
        string volume,
        IReadOnlyList<VolumeFile> files,
        long? group,
        CancellationToken cancellationToken
    )
    {
        using var volumes = OpenVolumes(podUid);
        using var directory = volumes.EnsureDirectory(volume, AllCanRead);
        if (_isPrivileged)
        {
            AtomicFiles.Write(directory, files, group);
        }
        else
        {
            AtomicFiles.Write(directory, [.. files.Select(f => f with { User = null })], null);
        }
        return new(VolumePath(podUid, volume));
    }

    /// <inheritdoc/>
    public ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken)
    {
        HostPathType.Ensure(path, type);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<string> PinSubPathAsync(string podUid, VolumeSubPath subPath, CancellationToken cancellationToken)
    {
        using var volume = ConfinedDirectory.Open(subPath.HostPath);
        using var pinned = volume.TryPin(subPath.Path, Links.Beneath) ?? Create(volume, subPath.Path);
        if (!_isPrivileged)
        {
            return new(new FileInfo(ConfinedDirectory.PinnedPathOf(pinned)).LinkTarget!);
        }
        var place = Path.Combine("pods", podUid, "volume-subpaths", subPath.Volume, subPath.Container);
        var index = subPath.Index.ToString(CultureInfo.InvariantCulture);
        var target = Path.Combine(root, place, index);
        using var top = OpenRoot();
        using var directory = top.EnsureDirectory(place, OwnerOnly);
        MountCalls.Remove(target);
        directory.RemoveTree(index);
        if (FileStatus.Of(pinned).Type == FileType.Directory)
        {
            directory.CreateDirectory(index, OwnerOnly).Dispose();
        }
        else
        {
            directory.WriteFile(index, [], OwnerOnly);
        }
        MountCalls.BindPinned(pinned, target);
        return new(target);
    }

    /// <inheritdoc/>
    public ValueTask<long?> MeasureAsync(string podUid, string volume, CancellationToken cancellationToken)
    {
        using var volumes = OpenVolumes(podUid);
        try
        {
            using var directory = volumes.TryOpenDirectory(volume);
            return new(directory?.MeasureBytes() ?? 0);
        }
        catch (IOException)
        {
            return new((long?)null);
        }
    }

    /// <inheritdoc/>
    public ValueTask UnmountAsync(string podUid, CancellationToken cancellationToken)
    {
        if (_isPrivileged)
        {
            MountCalls.RemoveBelow(Path.Combine(root, "pods", podUid));
        }
        return default;
    }

    /// <inheritdoc/>
    public string LogPath(string podNamespace, string podName, string podUid, string container, int attempt)
    {
        var folder = Path.Combine("logs", LogFolder(podNamespace, podName, podUid), container);
        using var top = OpenRoot();
        using var directory = top.EnsureDirectory(folder, OwnerOnly);
        foreach (var log in directory.List().Where(n => n.EndsWith(".log", StringComparison.Ordinal)))
        {
            var isEarlier = int.TryParse(Path.GetFileNameWithoutExtension(log), out var number) && number < attempt - EarlierLogs;
            if (isEarlier || directory.StatusOf(log) is { Type: not FileType.Regular })
            {
                directory.RemoveTree(log);
            }
        }
        return Path.Combine(root, folder, $"{attempt}.log");
    }

    /// <inheritdoc/>
    public ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken)
    {
        if (Directory.Exists(root))
        {
            using var directory = ConfinedDirectory.Open(root);
            directory.RemoveTree(Path.Combine("pods", podUid));
            directory.RemoveTree(Path.Combine("logs", LogFolder(podNamespace, podName, podUid)));
        }
        return default;
    }

    // A missing path is created with the mode of the volume (as upstream).
    private static Microsoft.Win32.SafeHandles.SafeFileHandle Create(ConfinedDirectory volume, string path)
    {
        volume.EnsureDirectory(path, volume.Status.Mode & (AllUsers | SetGroup), Links.Beneath).Dispose();
        return volume.TryPin(path, Links.Beneath) ?? throw new IOException($"{path} was removed while it was created");
    }

    private static string TmpfsOptions(EmptyDirectory directory)
    {
        var mode = directory.Group is { } group ? string.Create(CultureInfo.InvariantCulture, $"mode=2777,gid={group}") : "mode=0777";
        return directory.SizeLimit is { } size ? string.Create(CultureInfo.InvariantCulture, $"{mode},size={size}") : mode;
    }

    // File names are at most 255 bytes long, and the names of a pod and its namespace may be longer together.
    private static string LogFolder(string podNamespace, string podName, string podUid) =>
        $"{podNamespace}_{podName}_{podUid}" is { Length: <= LongestName } name ? name : podUid;

    private ConfinedDirectory OpenRoot()
    {
        Directory.CreateDirectory(root);
        return ConfinedDirectory.Open(root);
    }

    private ConfinedDirectory OpenVolumes(string podUid)
    {
        using var directory = OpenRoot();
        return directory.EnsureDirectory(Path.Combine("pods", podUid, "volumes"), OwnerOnly);
    }

    private string VolumePath(string podUid, string volume) => Path.Combine(root, "pods", podUid, "volumes", volume);
}
