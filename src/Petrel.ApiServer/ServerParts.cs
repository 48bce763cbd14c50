using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Nodes;
using Petrel.Model.Api;
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
    ILogger Log,
    ITokenKeys? TokenKeys = null
)
{
    private ClusterAuthorizer? _authorizer;
    private ServiceAccountTokens? _accountTokens;
    private Authenticator? _authenticator;

    public WriteContext WriteContext { get; } = new(Time, Entropy);

    /// <summary>Who may do what.</summary>
    public ClusterAuthorizer Authorizer => _authorizer ??= new ClusterAuthorizer(this);

    /// <summary>The tokens of service accounts; null where none are issued (in simulated worlds).</summary>
    public ServiceAccountTokens? AccountTokens => TokenKeys is null ? null : _accountTokens ??= new ServiceAccountTokens(this, TokenKeys);

    /// <summary>Who a request comes from.</summary>
    public Authenticator Authenticator => _authenticator ??= new Authenticator(this);
}
