using k8s.Models;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>hostPath</c>: a path on the node. Its content outlives the pod.</summary>
internal sealed class HostPathDriver(IPodFiles files) : IVolumeDriver
{
    public string Type => "hostPath";

    public bool CanHandle(V1Volume volume) => volume.HostPath is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        await files.EnsureHostPathAsync(volume.HostPath.Path, volume.HostPath.Type ?? "", cancellationToken);
        return new(volume.HostPath.Path);
    }
}
