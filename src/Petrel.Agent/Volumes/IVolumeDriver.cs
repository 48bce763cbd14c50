using k8s.Models;

namespace Petrel.Agent.Volumes;

/// <summary>
/// Makes the volumes of one type (upstream: a volume plugin of the kubelet). One driver serves all pods of a node. Calls for one pod come
/// one at a time; calls for different pods may overlap.
/// </summary>
public interface IVolumeDriver
{
    /// <summary>The volume's type, as the field of a pod's volume is named: <c>emptyDir</c>.</summary>
    string Type { get; }

    /// <summary>Whether the volume is of this driver's type.</summary>
    bool CanHandle(V1Volume volume);

    /// <summary>
    /// Makes the volume's content as the API describes it now. Idempotent: called at every sync of the pod, also after a restart of the
    /// agent while the pod's containers run.
    /// </summary>
    /// <exception cref="IOException">The volume can't be made; the message is for the user.</exception>
    ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken);

    /// <summary>
    /// Undoes all that the driver did for the pod, after its last container has ended. Idempotent; the pod may be known by its uid alone,
    /// because it was deleted while no agent ran. What lies below the pod's own folder is removed afterwards by the caller.
    /// </summary>
    ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken) => default;
}

/// <summary>A volume that is ready.</summary>
/// <param name="HostPath">Where it is on the node.</param>
/// <param name="RefreshAt">When its content expires and <see cref="IVolumeDriver.SetUpAsync"/> must run again; null for never.</param>
public readonly record struct VolumeSetup(string HostPath, DateTimeOffset? RefreshAt = null);
