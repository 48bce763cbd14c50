namespace Petrel.Agent.Volumes;

/// <summary>The persistent volumes that a node can attach.</summary>
public interface IPersistentVolumes
{
    /// <summary>Attaches a persistent volume for a pod and returns its host path. Idempotent.</summary>
    /// <param name="podUid">The pod's uid.</param>
    /// <param name="volume">The volume's name in the pod's spec.</param>
    /// <param name="persistentVolume">The PersistentVolume's name.</param>
    /// <param name="exclusive">Whether the volume may be attached to only one node at a time.</param>
    /// <param name="cancellationToken">Cancels the attempt.</param>
    /// <exception cref="IOException">The volume is in use on another node, or this node can't attach it.</exception>
    ValueTask<string> AttachAsync(
        string podUid,
        string volume,
        string persistentVolume,
        bool exclusive,
        CancellationToken cancellationToken
    );

    /// <summary>Detaches all persistent volumes of a pod, which no longer uses any. Idempotent.</summary>
    ValueTask DetachAsync(string podUid, CancellationToken cancellationToken);
}

/// <summary>A node that has no persistent volumes.</summary>
public sealed class NoPersistentVolumes : IPersistentVolumes
{
    /// <inheritdoc/>
    public ValueTask<string> AttachAsync(
        string podUid,
        string volume,
        string persistentVolume,
        bool exclusive,
        CancellationToken cancellationToken
    ) => throw new IOException("persistent volumes are not supported on this node");

    /// <inheritdoc/>
    public ValueTask DetachAsync(string podUid, CancellationToken cancellationToken) => default;
}
