using k8s.Models;
using Petrel.Agent.Nodes;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>downwardAPI</c>: files with fields of the pod itself.</summary>
internal sealed class DownwardApiDriver(AgentSettings settings, IPodFiles files) : IVolumeDriver
{
    public string Type => "downwardAPI";

    public bool CanHandle(V1Volume volume) => volume.DownwardAPI is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var mode = volume.DownwardAPI.DefaultMode ?? VolumeContent.DefaultMode;
        var content = VolumeContent.OfFields(pod, volume.DownwardAPI.Items, mode, settings);
        var path = await files.WriteFilesAsync(
            pod.Metadata.Uid,
            volume.Name,
            [.. content],
            pod.Spec.SecurityContext?.FsGroup,
            cancellationToken
        );
        return new(path, ReadOnly: true);
    }
}
