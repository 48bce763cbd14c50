using k8s.Models;
using Petrel.Agent.Sources;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>configMap</c>: a file for each entry of a ConfigMap.</summary>
internal sealed class ConfigMapDriver(ConfigObjects objects, IPodFiles files) : IVolumeDriver
{
    public string Type => "configMap";

    public bool CanHandle(V1Volume volume) => volume.ConfigMap is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var source = volume.ConfigMap;
        var data = await objects.ConfigMapAsync(pod.Metadata.NamespaceProperty, source.Name, source.Optional, cancellationToken);
        var mode = source.DefaultMode ?? VolumeContent.DefaultMode;
        var content = VolumeContent.OfEntries(data, source.Items, mode, $"configmap \"{source.Name}\"");
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
