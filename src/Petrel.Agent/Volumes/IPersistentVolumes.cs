namespace Petrel.Agent.Volumes;

/// <summary>The persistent volumes that a node can attach.</summary>
public interface IPersistentVolumes
{
    /// <summary>Brings a persistent volume to a pod and returns its host path. Idempotent.</summary>
    /// <param name="podUid">The pod.</param>
    /// <param name="volume">The volume's name in the pod's spec.</param>
    /// <param name="persistentVolume">The PersistentVolume's name.</param>
    /// <param name="exclusive">Whether it may be attached to one node at a time only.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="IOException">It is in use on another node, or this node can't attach it.</exception>
    ValueTask<string> AttachAsync(
        string podUid,
        string volume,
        string persistentVolume,
        bool exclusive,
        CancellationToken cancellationToken
    );

    /// <summary>The pod uses no persistent volume any more. Idempotent.</summary>
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
