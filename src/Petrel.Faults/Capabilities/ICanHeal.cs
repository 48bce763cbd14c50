namespace Petrel.Faults.Capabilities;

/// <summary>
/// A cluster in which faults can be injected. It implements the other capabilities of this namespace for the faults that it supports. An
/// effect that a capability returns ends when it is disposed of. Null means that the cluster has no such process or node.
/// </summary>
public interface ICanHeal
{
    /// <summary>Ends every active fault and starts every process and node that is down.</summary>
    ValueTask HealAllAsync(CancellationToken cancellationToken);
}
