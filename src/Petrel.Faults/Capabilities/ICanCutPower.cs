namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose nodes can lose power.</summary>
public interface ICanCutPower
{
    /// <summary>Kills the node's agent and all its containers at once. When the effect ends, the node starts without containers.</summary>
    ValueTask<IAsyncDisposable?> CutPowerAsync(string node, CancellationToken cancellationToken);
}
