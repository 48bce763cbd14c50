namespace Petrel.Model.Api;

/// <summary>The endpoint of a node's agent.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Address">The node's InternalIP, or empty when the node has not reported one.</param>
/// <param name="Port">The agent's port, or 0 when unknown.</param>
public sealed record NodeEndpoint(string Node, string Address, int Port);

/// <summary>Sends requests from the API server to the agents of nodes: over HTTPS, or within the simulator.</summary>
public interface INodeConnector
{
    /// <summary>
    /// Requests a container's log from the agent. The path is <c>/containerLogs/NAMESPACE/POD/CONTAINER</c>, as for the kubelet. A refusal
    /// by the agent is returned as a response; an unreachable agent is an <see cref="IOException"/>.
    /// </summary>
    ValueTask<ApiResponse> SendAsync(
        NodeEndpoint endpoint,
        string path,
        IReadOnlyList<KeyValuePair<string, string>> query,
        CancellationToken cancellationToken
    );
}
