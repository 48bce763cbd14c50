using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Health;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.ApiServer.Subresources;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Store;

namespace Petrel.ApiServer.Composition;

/// <summary>What a server is composed from. Only this namespace uses it: each class takes what it needs.</summary>
internal sealed record ServerParameters(
    ApiServerOptions Options,
    IRevisionedStore Store,
    KindRegistry Kinds,
    CacheHub Caches,
    TimeProvider Time,
    IEntropy Entropy,
    INodeConnector Nodes,
    IWebhookCaller Webhooks,
    ILogger Log,
    ITokenKeys? TokenKeys,
    IComponentHealth? Components,
    ISchedulingDecisions? Decisions
);
