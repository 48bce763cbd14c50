using Petrel.ApiServer.Composition;
using Petrel.ApiServer.NodeConnections;
using Petrel.Model.Api;

namespace Petrel.Simulation.World;

/// <summary>Simulated clusters have no connection from the server to agents: scenarios do not read logs.</summary>
internal sealed class NoNodeConnector : INodeConnector
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse> SendAsync(
        NodeEndpoint endpoint,
        string path,
        IReadOnlyList<KeyValuePair<string, string>> query,
        CancellationToken cancellationToken
    ) => throw new IOException($"node {endpoint.Node} is simulated: its agent has no server");
}
