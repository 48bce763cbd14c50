using k8s.Models;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>emptyDir</c>: a directory with the lifetime of the pod, on disk or in memory.</summary>
internal sealed class EmptyDirDriver(IPodFiles files) : IVolumeDriver
{
    public string Type => "emptyDir";

    public bool CanHandle(V1Volume volume) => volume.EmptyDir is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken) =>
        new(
            await files.EnsureDirectoryAsync(
                pod.Metadata.Uid,
                volume.Name,
                new(volume.EmptyDir.Medium == "Memory", Group: pod.Spec.SecurityContext?.FsGroup),
                cancellationToken
            )
        );

    public ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken) => files.UnmountAsync(podUid, cancellationToken);
}
