using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Agent.Volumes.Drivers;

/// <summary><c>persistentVolumeClaim</c>: the persistent volume to which a claim is bound.</summary>
internal sealed class PersistentVolumeClaimDriver(ApiClient client, IPersistentVolumes volumes) : IVolumeDriver
{
    public string Type => "persistentVolumeClaim";

    public bool CanHandle(V1Volume volume) => volume.PersistentVolumeClaim is not null;

    public async ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(pod.Metadata.NamespaceProperty, volume.PersistentVolumeClaim.ClaimName);
        var claim = await client.GetAsync<V1PersistentVolumeClaim>(key, cancellationToken);
        if (claim.Status?.Phase != "Bound")
        {
            throw new IOException($"PVC \"{key.Namespace}/{key.Name}\" is not bound");
        }
        var exclusive = claim.Spec.AccessModes.All(m => m is "ReadWriteOnce" or "ReadWriteOncePod");
        var path = await volumes.AttachAsync(pod.Metadata.Uid, volume.Name, claim.Spec.VolumeName, exclusive, cancellationToken);
        return new(path, ReadOnly: volume.PersistentVolumeClaim.ReadOnlyProperty == true);
    }

    public ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken) => volumes.DetachAsync(podUid, cancellationToken);
}
