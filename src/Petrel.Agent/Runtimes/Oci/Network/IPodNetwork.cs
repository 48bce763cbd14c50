namespace Petrel.Agent.Runtimes.Oci.Network;

/// <summary>
/// Connects pods to the node's network. The runtime makes the pod's network namespace by running <see cref="Commands"/> inside a fresh
/// one, so that a pod costs one process; everything on the node's side happens before or after it.
/// </summary>
public interface IPodNetwork
{
    /// <summary>Makes the node's side, takes up the allocations of <paramref name="sandboxes"/> again and gives back all others.</summary>
    ValueTask StartAsync(IReadOnlyCollection<string> sandboxes, CancellationToken cancellationToken);

    /// <summary>Reserves an address for the sandbox; the same one when it has one already.</summary>
    /// <exception cref="RuntimeException">No address is left.</exception>
    PodAddress Allocate(string sandboxId);

    /// <summary>What <c>ip -batch</c> must do inside the pod's fresh namespace.</summary>
    string Commands(PodAddress address);

    /// <summary>Joins the pod, whose namespace is ready, to the node: bridge port and host ports.</summary>
    ValueTask ConnectAsync(string sandboxId, PodAddress address, IReadOnlyList<HostPort> hostPorts, CancellationToken cancellationToken);

    /// <summary>Undoes all of it and gives the address back. Idempotent.</summary>
    ValueTask ReleaseAsync(string sandboxId, IReadOnlyList<HostPort> hostPorts, CancellationToken cancellationToken);
}

/// <param name="Address">The pod's IPv4 address.</param>
/// <param name="PortName">The name of its interface on the node's side.</param>
public sealed record PodAddress(string Address, string PortName);
