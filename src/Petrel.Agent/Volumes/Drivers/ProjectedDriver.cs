using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Agent.Sources;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>projected</c>: files from several sources in one volume, including service account tokens.</summary>
internal sealed class ProjectedDriver(AgentSettings settings, ConfigObjects objects, ServiceAccountTokenManager tokens, IPodFiles files)
    : IVolumeDriver
{
    public string Type => "projected";

    public bool CanHandle(V1Volume volume) => volume.Projected is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var content = new List<VolumeFile>();
        DateTimeOffset? refreshAt = null;
        var mode = volume.Projected.DefaultMode ?? VolumeContent.DefaultMode;
        var ns = pod.Metadata.NamespaceProperty;
        foreach (var source in volume.Projected.Sources ?? [])
        {
            if (source.ConfigMap is { } map)
            {
                var data = await objects.ConfigMapAsync(ns, map.Name, map.Optional, cancellationToken);
                content.AddRange(VolumeContent.OfEntries(data, map.Items, mode, $"configmap \"{map.Name}\""));
            }
            if (source.Secret is { } secret)
            {
                var data = await objects.SecretAsync(ns, secret.Name, secret.Optional, cancellationToken);
                content.AddRange(VolumeContent.OfEntries(data, secret.Items, mode, $"secret \"{secret.Name}\""));
            }
            if (source.DownwardAPI is { } fields)
            {
                content.AddRange(VolumeContent.OfFields(pod, fields.Items, mode, settings));
            }
            if (source.ServiceAccountToken is { } projection)
            {
                var token = await tokens.GetAsync(pod, projection, cancellationToken);
                content.Add(VolumeContent.OfToken(pod, projection.Path, token.Text, mode));
                refreshAt = !(refreshAt <= token.RefreshAt) ? token.RefreshAt : refreshAt;
            }
            if (source.ClusterTrustBundle is not null || source.PodCertificate is not null)
            {
                throw new IOException("projected trust bundles and pod certificates are not supported");
            }
        }
        var path = await files.WriteFilesAsync(
            pod.Metadata.Uid,
            volume.Name,
            content,
            pod.Spec.SecurityContext?.FsGroup,
            cancellationToken
        );
        return new(path, refreshAt, ReadOnly: true);
    }

    public ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken)
    {
        tokens.Forget(podUid);
        return default;
    }
}
