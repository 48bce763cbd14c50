namespace Petrel.Agent.Volumes;

/// <summary>
/// A disk that remembers nothing: paths are names only. Volumes that are for one node at a time are asked for from <paramref
/// name="volumes"/>.
/// </summary>
public sealed class SimulatedPodFiles(ISimulatedVolumes? volumes = null) : IPodFiles
{
    /// <inheritdoc/>
    public ValueTask<string> EnsureEmptyDirAsync(string podUid, string volume, bool inMemory, CancellationToken cancellationToken) =>
        new($"/simulated/{podUid}/{volume}");

    /// <inheritdoc/>
    public ValueTask<string> WriteFilesAsync(
        string podUid,
        string volume,
        IReadOnlyList<VolumeFile> files,
        CancellationToken cancellationToken
    ) => new($"/simulated/{podUid}/{volume}");

    /// <inheritdoc/>
    public ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public ValueTask<string> AttachAsync(
        string podUid,
        string volume,
        string persistentVolume,
        bool exclusive,
        CancellationToken cancellationToken
    )
    {
        if (exclusive)
        {
            volumes?.Attach(persistentVolume, podUid);
        }
        return new($"/simulated/{podUid}/{volume}");
    }

    /// <inheritdoc/>
    public string LogPath(string podNamespace, string podName, string podUid, string container, int attempt) =>
        $"/simulated/{podUid}/{container}/{attempt}.log";

    /// <inheritdoc/>
    public ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken)
    {
        volumes?.Release(podUid);
        return default;
    }
}

/// <summary>The disks that a simulated node shares with others.</summary>
public interface ISimulatedVolumes
{
    /// <summary>Attaches a disk for a pod of this node.</summary>
    /// <exception cref="IOException">Another node holds it.</exception>
    void Attach(string volume, string podUid);

    /// <summary>The pod uses no disk any more; a disk that no pod of this node uses is free again.</summary>
    void Release(string podUid);
}
