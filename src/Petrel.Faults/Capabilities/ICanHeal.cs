namespace Petrel.Faults.Capabilities;

/// <summary>
/// A cluster in which faults can be injected. What it can suffer, it says by implementing further capabilities of this namespace. An effect
/// that a capability returns ends when it is disposed of; null means that the cluster has no such process or node.
/// </summary>
public interface ICanHeal
{
    /// <summary>Ends every active fault and starts everything that is down.</summary>
    ValueTask HealAllAsync(CancellationToken cancellationToken);
}
