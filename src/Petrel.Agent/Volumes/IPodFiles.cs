namespace Petrel.Agent.Volumes;

/// <summary>One file of a volume whose content comes from an API object.</summary>
/// <param name="Path">Relative path inside the volume.</param>
/// <param name="Content">The file's content.</param>
/// <param name="Mode">Permission bits.</param>
public sealed record VolumeFile(string Path, ReadOnlyMemory<byte> Content, int Mode);

/// <summary>
/// The pod files on the node's disk: volumes and log directories. On a real node they are in a directory; in a simulation no files exist.
/// Each volume type is an <see cref="IVolumeDriver"/> that uses this interface.
/// </summary>
public interface IPodFiles
{
    /// <summary>
    /// Creates an empty directory with the lifetime of the pod, in memory if <paramref name="inMemory"/> is true. Returns its host path.
    /// </summary>
    ValueTask<string> EnsureDirectoryAsync(string podUid, string volume, bool inMemory, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the content of a volume with exactly these files. Readers see either the old files or the new files, never a mixture (as
    /// upstream, which swaps the <c>..data</c> symlink). Returns the volume's host path.
    /// </summary>
    ValueTask<string> WriteFilesAsync(string podUid, string volume, IReadOnlyList<VolumeFile> files, CancellationToken cancellationToken);

    /// <summary>Checks a <c>hostPath</c> volume's path against its type, and creates it if the type requires that.</summary>
    /// <exception cref="IOException">The path does not match the type.</exception>
    ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken);

    /// <summary>Unmounts the file systems that <see cref="EnsureDirectoryAsync"/> mounted for the pod. Idempotent.</summary>
    ValueTask UnmountAsync(string podUid, CancellationToken cancellationToken);

    /// <summary>Returns the log path of a container's attempt, and creates the directory of the log.</summary>
    string LogPath(string podNamespace, string podName, string podUid, string container, int attempt);

    /// <summary>Removes the pod's volumes and logs. Nothing may be mounted below them at this point. Idempotent.</summary>
    ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken);
}
