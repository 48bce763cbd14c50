namespace Petrel.Agent.Volumes;

/// <summary>One file of a volume made from an API object.</summary>
/// <param name="Path">Relative path inside the volume.</param>
/// <param name="Content">Bytes.</param>
/// <param name="Mode">Permission bits.</param>
public sealed record VolumeFile(string Path, ReadOnlyMemory<byte> Content, int Mode);

/// <summary>
/// The node's disk as far as pods go: volumes and log folders. Live it is a directory; in simulation there is none. Volume types are
/// <see cref="IVolumeDriver"/>s over it.
/// </summary>
public interface IPodFiles
{
    /// <summary>
    /// Makes an empty directory that lives as long as the pod, in memory when <paramref name="inMemory"/>. Returns its host path.
    /// </summary>
    ValueTask<string> EnsureDirectoryAsync(string podUid, string volume, bool inMemory, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a volume hold exactly these files; readers see the old set or the new, never a mixture (the <c>..data</c> symlink that
    /// upstream swaps). Returns its host path.
    /// </summary>
    ValueTask<string> WriteFilesAsync(string podUid, string volume, IReadOnlyList<VolumeFile> files, CancellationToken cancellationToken);

    /// <summary>Checks a <c>hostPath</c> volume's path against its type, and creates it where the type says so.</summary>
    /// <exception cref="IOException">The path is not of that type.</exception>
    ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken);

    /// <summary>Unmounts what <see cref="EnsureDirectoryAsync"/> mounted for the pod. Idempotent.</summary>
    ValueTask UnmountAsync(string podUid, CancellationToken cancellationToken);

    /// <summary>Where the log of a container's attempt goes; its folder exists afterwards.</summary>
    string LogPath(string podNamespace, string podName, string podUid, string container, int attempt);

    /// <summary>Removes the pod's volumes and logs. Nothing may be mounted below them any more. Idempotent.</summary>
    ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken);
}
