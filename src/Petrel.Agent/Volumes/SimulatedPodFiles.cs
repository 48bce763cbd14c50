namespace Petrel.Agent.Volumes;

/// <summary>
/// Simulated pod files. No files exist; the returned paths are only names. A volume has the size that <paramref name="sizeOf"/> returns for
/// its name; by default, volumes are empty.
/// </summary>
public sealed class SimulatedPodFiles(Func<string, long>? sizeOf = null) : IPodFiles
{
    /// <inheritdoc/>
    public ValueTask<string> EnsureDirectoryAsync(
        string podUid,
        string volume,
        EmptyDirectory directory,
        CancellationToken cancellationToken
    ) => new($"/simulated/{podUid}/{volume}");

    /// <inheritdoc/>
    public ValueTask<string> WriteFilesAsync(
        string podUid,
        string volume,
        IReadOnlyList<VolumeFile> files,
        long? group,
        CancellationToken cancellationToken
    ) => new($"/simulated/{podUid}/{volume}");

    /// <inheritdoc/>
    public ValueTask EnsureHostPathAsync(string path, string type, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public ValueTask<string> PinSubPathAsync(string podUid, VolumeSubPath subPath, CancellationToken cancellationToken) =>
        new($"{subPath.HostPath}/{subPath.Path}");

    /// <inheritdoc/>
    public ValueTask<long?> MeasureAsync(string podUid, string volume, CancellationToken cancellationToken) =>
        new(sizeOf?.Invoke(volume) ?? 0);

    /// <inheritdoc/>
    public ValueTask UnmountAsync(string podUid, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public string LogPath(string podNamespace, string podName, string podUid, string container, int attempt) =>
        $"/simulated/{podUid}/{container}/{attempt}.log";

    /// <inheritdoc/>
    public ValueTask RemovePodAsync(string podNamespace, string podName, string podUid, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public ValueTask<string> EnsureTerminationFileAsync(
        string podUid,
        string container,
        int attempt,
        CancellationToken cancellationToken
    ) => new($"/simulated/{podUid}/{container}/{attempt}.termination");

    /// <inheritdoc/>
    public ValueTask<byte[]> ReadTerminationFileAsync(
        string podUid,
        string container,
        int attempt,
        int limit,
        CancellationToken cancellationToken
    ) => new([]);
}
