namespace Petrel.Agent.Volumes;

/// <summary>
/// Persistent volumes in simulation: paths are names only. Volumes that are for one node at a time are requested from
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

/// <summary>The disks that a simulated node shares with others.</summary>
public interface ISimulatedVolumes
{
    /// <summary>Attaches a disk for a pod of this node.</summary>
    /// <exception cref="IOException">Another node holds it.</exception>
    void Attach(string volume, string podUid);

    /// <summary>The pod uses no disk any more; a disk that no pod of this node uses is free again.</summary>
    void Release(string podUid);
}
