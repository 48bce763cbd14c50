using k8s.Models;

namespace Petrel.Agent.Volumes;

/// <summary>
/// Sets up the volumes of one type (upstream: a volume plugin of the kubelet). One driver serves all pods of a node. Calls for one pod are
/// sequential; calls for different pods may overlap.
/// </summary>
public interface IVolumeDriver
{
    /// <summary>The volume type, which is the name of the field in a pod's volume, for example <c>emptyDir</c>.</summary>
    string Type { get; }

    /// <summary>Whether the volume is of this driver's type.</summary>
    bool CanHandle(V1Volume volume);

    /// <summary>
    /// Sets up the volume with the content that the API currently describes. Idempotent: it is called in every sync of the pod, also after
    /// a restart of the agent while the pod's containers are running.
    /// </summary>
    /// <exception cref="IOException">The volume can't be set up. The message is for the user.</exception>
    ValueTask<VolumeSetup> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken);

    /// <summary>
    /// Reverts everything that the driver set up for the pod, after the pod's last container has exited. Idempotent. Only the pod's uid may
    /// be known, because the pod was deleted while no agent was running. The caller removes the pod's own directory afterwards.
    /// </summary>
    ValueTask TearDownAsync(string podUid, CancellationToken cancellationToken) => default;
}

/// <summary>A volume that is set up.</summary>
/// <param name="HostPath">The volume's path on the node.</param>
/// <param name="RefreshAt">When its content expires and <see cref="IVolumeDriver.SetUpAsync"/> must run again; null for never.</param>
/// <param name="ReadOnly">Whether containers can only read it, whatever their mounts say. True for content that comes from API
/// objects.</param>
/// <param name="NoExecute">Whether containers can't run programs in it.</param>
public readonly record struct VolumeSetup(string HostPath, DateTimeOffset? RefreshAt = null, bool ReadOnly = false, bool NoExecute = false);
