using k8s.Models;
using Petrel.Agent.Sources;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>secret</c>: a file for each entry of a Secret.</summary>
internal sealed class SecretDriver(ConfigObjects objects, IPodFiles files) : IVolumeDriver
{
    public string Type => "secret";

    public bool CanHandle(V1Volume volume) => volume.Secret is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var source = volume.Secret;
        var data = await objects.SecretAsync(pod.Metadata.NamespaceProperty, source.SecretName, source.Optional, cancellationToken);
        var mode = source.DefaultMode ?? VolumeContent.DefaultMode;
        var content = VolumeContent.OfEntries(data, source.Items, mode, $"secret \"{source.SecretName}\"");
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
