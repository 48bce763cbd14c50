namespace Petrel.Agent.Volumes;

/// <summary>One file of a volume made from an API object.</summary>
/// <param name="Path">Relative path inside the volume.</param>
/// <param name="Content">Bytes.</param>
/// <param name="Mode">Permission bits.</param>
public sealed record VolumeFile(string Path, ReadOnlyMemory<byte> Content, int Mode);

/// <summary>The node's disk as far as pods go: volumes and log folders. Live it is a directory; in simulation it is nothing.</summary>
public interface IPodFiles
{
    /// <summary>
    /// Makes an empty directory for the pod that lives as long as it; in memory when <paramref name="inMemory"/>. Returns its host path.
    /// </summary>
    ValueTask<string> EnsureEmptyDirAsync(string podUid, string volume, bool inMemory, CancellationToken cancellationToken);

    /// <summary>
    /// Makes a volume hold exactly these files; readers see the old set or the new, never a mixture (the <c>..data</c> symlink that
    /// upstream swaps). Returns its host path.
    /// </summary>
    ValueTask<string> WriteFilesAsync(string podUid, string volume, IReadOnlyList<VolumeFile> files, CancellationToken cancellationToken);

    /// <summary>Makes sure that a host path is as its type asks.</summary>
    /// <exception cref="IOException">It is not, and the type does not allow to make it.</exception>
    ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken);

    /// <summary>Brings a persistent volume to the pod; an exclusive one may be on one node at a time. Returns its host path.</summary>
    /// <exception cref="IOException">It is in use on another node, or this node can't.</exception>
    ValueTask<string> AttachAsync(
        string podUid,
        string volume,
        string persistentVolume,
        bool exclusive,
        CancellationToken cancellationToken
    );

    /// <summary>Where the log of a container's attempt goes; its folder exists afterwards.</summary>
    string LogPath(string podNamespace, string podName, string podUid, string container, int attempt);

    /// <summary>Removes what the pod had.</summary>
    ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken);
}
