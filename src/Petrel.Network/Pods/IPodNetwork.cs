namespace Petrel.Network.Pods;

/// <summary>
/// Connects pods to the node's network. The runtime creates the pod's network namespace and runs <see cref="Commands"/> inside it, so that
/// each pod costs only one process. All steps on the node's side happen before or after that.
/// </summary>
public interface IPodNetwork
{
    /// <summary>
    /// Sets up the node's side. Keeps the addresses of <paramref name="sandboxes"/> and releases those of all other sandboxes.
    /// </summary>
    /// <exception cref="PodNetworkException">The node's side can't be set up.</exception>
    ValueTask StartAsync(IReadOnlyCollection<string> sandboxes, CancellationToken cancellationToken);

    /// <summary>Reserves an address for the sandbox. A sandbox that has an address keeps it.</summary>
    /// <exception cref="PodNetworkException">No address is left.</exception>
    PodAddress Allocate(string sandboxId);

    /// <summary>The <c>ip -batch</c> commands to run inside the pod's new namespace.</summary>
    string Commands(PodAddress address);

    /// <summary>Connects a pod whose namespace is ready to the node: bridge port and host ports.</summary>
    /// <exception cref="PodNetworkException">The kernel rejected a change.</exception>
    ValueTask ConnectAsync(string sandboxId, PodAddress address, IReadOnlyList<PortMapping> hostPorts, CancellationToken cancellationToken);

    /// <summary>Undoes <see cref="ConnectAsync"/> and <see cref="Allocate"/>. Idempotent.</summary>
    ValueTask ReleaseAsync(string sandboxId, IReadOnlyList<PortMapping> hostPorts, CancellationToken cancellationToken);
}

/// <param name="Address">The pod's IPv4 address.</param>
/// <param name="PortName">The name of its interface on the node's side.</param>
public sealed record PodAddress(string Address, string PortName);

/// <summary>A pod can't be connected to the network. The message is shown to the user.</summary>
public sealed class PodNetworkException(string message, Exception? inner = null) : Exception(message, inner);
