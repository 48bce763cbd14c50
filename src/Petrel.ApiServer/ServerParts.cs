using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Nodes;
using Petrel.Model.Determinism;
using Petrel.Store;

namespace Petrel.ApiServer;

/// <summary>What the verbs work with.</summary>
internal sealed record ServerParts(
    ApiServerOptions Options,
    IRevisionedStore Store,
    KindRegistry Kinds,
    CacheHub Caches,
    TimeProvider Time,
    IEntropy Entropy,
    INodeConnector Nodes,
    IWebhookCaller Webhooks,
    ILogger Log)
{
    private ClusterAuthorizer? _authorizer;

    public WriteContext WriteContext { get; } = new(Time, Entropy);

    /// <summary>Who may do what.</summary>
    public ClusterAuthorizer Authorizer => _authorizer ??= new ClusterAuthorizer(this);
}
