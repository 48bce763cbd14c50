namespace Petrel.Agent.Volumes;

/// <summary>
/// Simulated persistent volumes. Their paths do not exist. Volumes that may be attached to only one node at a time are attached through
/// <paramref name="volumes"/>.
/// </summary>
public sealed class SimulatedPersistentVolumes(ISimulatedVolumes? volumes = null) : IPersistentVolumes
{
    /// <inheritdoc/>
    public ValueTask<string> AttachAsync(
        string podUid,
        string volume,
        string persistentVolume,
        bool exclusive,
        CancellationToken cancellationToken
    )
    {
        if (exclusive)
        {
            volumes?.Attach(persistentVolume, podUid);
        }
        return new($"/simulated/{podUid}/{volume}");
    }

    /// <inheritdoc/>
    public ValueTask DetachAsync(string podUid, CancellationToken cancellationToken)
    {
        volumes?.Release(podUid);
        return default;
    }
}

/// <summary>The disks that simulated nodes share.</summary>
public interface ISimulatedVolumes
{
    /// <summary>Attaches a disk for a pod of this node.</summary>
    /// <exception cref="IOException">The disk is attached to another node.</exception>
    void Attach(string volume, string podUid);

    /// <summary>Releases the disks of a pod. A disk is detached when no pod of this node uses it any more.</summary>
    void Release(string podUid);
}
