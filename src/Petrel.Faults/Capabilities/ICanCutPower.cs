namespace Petrel.Faults.Capabilities;

/// <summary>A cluster whose nodes can lose power.</summary>
public interface ICanCutPower
{
    /// <summary>The node's agent and all its containers are gone at once. The end of the effect starts the node empty.</summary>
    ValueTask<IAsyncDisposable?> CutPowerAsync(string node, CancellationToken cancellationToken);
}
