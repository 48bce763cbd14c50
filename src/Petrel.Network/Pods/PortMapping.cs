namespace Petrel.Network.Pods;

/// <summary>
/// A port of the node that is mapped to a port of a pod (<c>containers[].ports[].hostPort</c>; <c>PortMapping</c> of the CRI).
/// </summary>
/// <param name="Port">The port on the node.</param>
/// <param name="ContainerPort">The port in the pod.</param>
/// <param name="Protocol"><c>TCP</c> or <c>UDP</c>.</param>
/// <param name="HostAddress">The node address to bind, or empty for all.</param>
public sealed record PortMapping(int Port, int ContainerPort, string Protocol, string HostAddress);
