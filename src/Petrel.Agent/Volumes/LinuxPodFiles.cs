using System.Runtime.InteropServices;

namespace Petrel.Agent.Volumes;

/// <summary>
/// Stores the volumes and logs of pods in one directory: <c>pods/UID/volumes/NAME</c> and <c>logs/NS_NAME_UID/CONTAINER/ATTEMPT.log</c>.
/// </summary>
public sealed partial class LinuxPodFiles(string root) : IPodFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode AllUsers = (UnixFileMode)0b111_111_111;

    // The number of logs of earlier attempts to keep. `kubectl logs --previous` needs the last one.
    private const int EarlierLogs = 1;

    /// <inheritdoc/>
    public ValueTask<string> EnsureDirectoryAsync(string podUid, string volume, bool inMemory, CancellationToken cancellationToken)
    {
        var path = VolumePath(podUid, volume);
        if (!Directory.Exists(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);
            Directory.CreateDirectory(path);
            File.SetUnixFileMode(path, AllUsers);
            if (inMemory && Environment.IsPrivilegedProcess && Mount("tmpfs", path, "tmpfs", 0, "mode=0777") != 0)
            {
                throw new IOException($"mounting tmpfs on {path} failed (errno {Marshal.GetLastPInvokeError()})");
            }
        }
        return new(path);
    }

    /// <inheritdoc/>
    public ValueTask<string> WriteFilesAsync(
        string podUid,
        string volume,
        IReadOnlyList<VolumeFile> files,
        CancellationToken cancellationToken
    )
    {
        var path = VolumePath(podUid, volume);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, OwnerOnly);
        Directory.CreateDirectory(path);
        var link = Path.Combine(path, "..data");
        var current = Directory.Exists(link) ? Path.GetFileName(new DirectoryInfo(link).LinkTarget) : null;
        if (current is not null && HasExactly(Path.Combine(path, current), files))
        {
            return new(path);
        }
        var generation = $"..{(current is not null && int.TryParse(current[2..], out var number) ? number + 1 : 1)}";
        foreach (var file in files)
        {
            var target = Path.Combine(path, generation, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, file.Content.Span);
            File.SetUnixFileMode(target, (UnixFileMode)(file.Mode & 0x1FF));
        }
        Directory.CreateDirectory(Path.Combine(path, generation));
        var fresh = Path.Combine(path, "..data_tmp");
        File.Delete(fresh);
        File.CreateSymbolicLink(fresh, generation);
        if (Rename(fresh, link) != 0)
        {
            throw new IOException($"renaming {fresh} failed (errno {Marshal.GetLastPInvokeError()})");
        }
        var tops = files.Select(f => f.Path.Split('/')[0]).ToHashSet(StringComparer.Ordinal);
        foreach (var top in tops.Order(StringComparer.Ordinal))
        {
            var visible = Path.Combine(path, top);
            if (new FileInfo(visible).LinkTarget is null)
            {
                File.CreateSymbolicLink(visible, $"..data/{top}");
            }
        }
        foreach (var entry in Directory.EnumerateFileSystemEntries(path).Select(e => Path.GetFileName(e)!).Order(StringComparer.Ordinal))
        {
            if (!entry.StartsWith("..", StringComparison.Ordinal) && !tops.Contains(entry))
            {
                File.Delete(Path.Combine(path, entry));
            }
        }
        if (current is not null)
        {
            Directory.Delete(Path.Combine(path, current), recursive: true);
        }
        return new(path);
    }

    /// <inheritdoc/>
    public ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken)
    {
        switch (type)
        {
            case "" or null:
                break;
            case "DirectoryOrCreate":
                Directory.CreateDirectory(path);
                break;
            case "Directory" when !Directory.Exists(path):
                throw new IOException($"hostPath type check failed: {path} is not a directory");
            case "FileOrCreate" when !File.Exists(path):
                File.WriteAllBytes(path, []);
                break;
            case "File" when !File.Exists(path):
                throw new IOException($"hostPath type check failed: {path} is not a file");
        }
        return default;
    }

    /// <inheritdoc/>
    public ValueTask UnmountAsync(string podUid, CancellationToken cancellationToken)
    {
        var volumes = VolumesFolder(podUid);
        if (Directory.Exists(volumes) && Environment.IsPrivilegedProcess)
        {
            foreach (var volume in Directory.EnumerateDirectories(volumes))
            {
                _ = Unmount(volume, 2); // MNT_DETACH; most volumes are no mount points.
            }
        }
        return default;
    }

    /// <inheritdoc/>
    public string LogPath(string podNamespace, string podName, string podUid, string container, int attempt)
    {
        var folder = Path.Combine(LogFolder(podNamespace, podName, podUid), container);
        Directory.CreateDirectory(folder, OwnerOnly);
        foreach (var old in Directory.EnumerateFiles(folder, "*.log"))
        {
            if (int.TryParse(Path.GetFileNameWithoutExtension(old), out var number) && number < attempt - EarlierLogs)
            {
                File.Delete(old);
            }
        }
        return Path.Combine(folder, $"{attempt}.log");
    }

    /// <inheritdoc/>
    public ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken)
    {
        foreach (var folder in new[] { Path.Combine(root, "pods", podUid), LogFolder(podNamespace, podName, podUid) })
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        return default;
    }

    private static bool HasExactly(string folder, IReadOnlyList<VolumeFile> files)
    {
        var present = Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(folder, f))
            .ToHashSet(StringComparer.Ordinal);
        return present.Count == files.Count
            && files.All(f =>
                present.Contains(f.Path) && File.ReadAllBytes(Path.Combine(folder, f.Path)).AsSpan().SequenceEqual(f.Content.Span)
            );
    }

    private string VolumesFolder(string podUid) => Path.Combine(root, "pods", podUid, "volumes");

    private string VolumePath(string podUid, string volume) => Path.Combine(VolumesFolder(podUid), volume);

    private string LogFolder(string podNamespace, string podName, string podUid) =>
        Path.Combine(root, "logs", $"{podNamespace}_{podName}_{podUid}");

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string source, string target, string type, ulong flags, string data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Unmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Rename(string from, string to);
}
