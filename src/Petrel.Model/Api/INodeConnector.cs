namespace Petrel.Model.Api;

/// <summary>Where the agent of a node listens.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Address">Its InternalIP, or empty when it has not said.</param>
/// <param name="Port">The agent's port, or 0.</param>
public sealed record NodeEndpoint(string Node, string Address, int Port);

/// <summary>Carries requests from the API server to the agents of nodes: over HTTPS, or within the simulator.</summary>
public interface INodeConnector
{
    /// <summary>
    /// A container's log from the agent (its path is <c>/containerLogs/NAMESPACE/POD/CONTAINER</c>, as the kubelet's).
    /// Refusals of the agent are answers; an unreachable agent is an <see cref="IOException"/>.
    /// </summary>
    ValueTask<ApiResponse> SendAsync(
        NodeEndpoint endpoint,
        string path,
        IReadOnlyList<KeyValuePair<string, string>> query,
        CancellationToken cancellationToken
    );
}
