namespace Petrel.Agent.Volumes;

/// <summary>One file of a volume whose content comes from an API object.</summary>
/// <param name="Path">Relative path inside the volume.</param>
/// <param name="Content">The file's content.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="User">The user that owns the file; null for root.</param>
public sealed record VolumeFile(string Path, ReadOnlyMemory<byte> Content, int Mode, long? User = null);

/// <summary>A directory that is empty at first and lives as long as the pod.</summary>
/// <param name="InMemory">Whether its content is in memory.</param>
/// <param name="SizeLimit">The size of a directory in memory in bytes; null for the file system's default.</param>
/// <param name="Group">The pod's fsGroup, which then owns the directory; null for none.</param>
public sealed record EmptyDirectory(bool InMemory = false, long? SizeLimit = null, long? Group = null);

/// <summary>A path inside a volume that a container mounts instead of the whole volume.</summary>
/// <param name="Volume">The volume's name.</param>
/// <param name="HostPath">The volume's host path.</param>
/// <param name="Container">The container's name.</param>
/// <param name="Index">The position of the mount among the container's mounts.</param>
/// <param name="Path">The relative path inside the volume, without <c>..</c>.</param>
public sealed record VolumeSubPath(string Volume, string HostPath, string Container, int Index, string Path);

/// <summary>
/// The pod files on the node's disk: volumes and log directories. On a real node they are in a directory; in a simulation no files exist.
/// Each volume type is an <see cref="IVolumeDriver"/> that uses this interface.
/// </summary>
public interface IPodFiles
{
    /// <summary>Creates an empty directory with the lifetime of the pod. Returns its host path.</summary>
    ValueTask<string> EnsureDirectoryAsync(string podUid, string volume, EmptyDirectory directory, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the content of a volume with exactly these files. Readers see either the old files or the new files, never a mixture (as
    /// upstream, which swaps the <c>..data</c> symlink). Returns the volume's host path.
    /// </summary>
    /// <param name="podUid">The pod's uid.</param>
    /// <param name="volume">The volume's name.</param>
    /// <param name="files">The files.</param>
    /// <param name="group">The pod's fsGroup, which then owns the files; null for none.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    ValueTask<string> WriteFilesAsync(
        string podUid,
        string volume,
        IReadOnlyList<VolumeFile> files,
        long? group,
        CancellationToken cancellationToken
    );

    /// <summary>Checks a <c>hostPath</c> volume's path against its type, and creates it if the type requires that.</summary>
    /// <exception cref="IOException">The path does not match the type.</exception>
    ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken);

    /// <summary>
    /// Returns a host path that leads to a path inside a volume, and to nothing else, whatever containers do to the volume meanwhile. A
    /// missing path becomes a directory. <see cref="UnmountAsync"/> releases the result.
    /// </summary>
    /// <exception cref="IOException">The path leads out of the volume, or can't be created.</exception>
    ValueTask<string> PinSubPathAsync(string podUid, VolumeSubPath subPath, CancellationToken cancellationToken);

    /// <summary>
    /// The disk space in bytes that a volume occupies, 0 when it does not exist; null when it can't be measured because it has too many
    /// levels.
    /// </summary>
    ValueTask<long?> MeasureAsync(string podUid, string volume, CancellationToken cancellationToken);

    /// <summary>Unmounts everything that is mounted in the pod's directory. Idempotent.</summary>
    ValueTask UnmountAsync(string podUid, CancellationToken cancellationToken);

    /// <summary>Returns the log path of a container's attempt, and creates the directory of the log.</summary>
    string LogPath(string podNamespace, string podName, string podUid, string container, int attempt);

    /// <summary>
    /// Creates the empty file to which an attempt of a container writes its termination message, unless it exists. Returns its host path.
    /// </summary>
    ValueTask<string> EnsureTerminationFileAsync(string podUid, string container, int attempt, CancellationToken cancellationToken);

    /// <summary>Reads the last <paramref name="limit"/> bytes of a termination message; empty when there is none.</summary>
    ValueTask<byte[]> ReadTerminationFileAsync(
        string podUid,
        string container,
        int attempt,
        int limit,
        CancellationToken cancellationToken
    );

    /// <summary>Removes the pod's volumes and logs. Nothing may be mounted below them at this point. Idempotent.</summary>
    ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken);
}
