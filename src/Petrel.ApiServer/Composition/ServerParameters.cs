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

/// <summary>What a server is composed from. Only this namespace uses it: every other class takes what it needs.</summary>
internal sealed record ServerParameters(
    ApiServerOptions Options,
    IRevisionedStore Store,
    KindRegistry Kinds,
    TimeProvider Time,
    IEntropy Entropy,
    INodeConnector Nodes,
    ILogger Log
)
{
    /// <summary>The watch caches of all kinds.</summary>
    public CacheHub Caches { get; } = new(Store, Kinds.All, Options.WatchWindow, Log);

    public IWebhookCaller Webhooks { get; init; } = NoWebhooks.Instance;

    /// <summary>Signs service account tokens; null where none are issued.</summary>
    public ITokenKeys? TokenKeys { get; init; }

    /// <summary>The health of the components beside the server; null when there are none.</summary>
    public IComponentHealth? Components { get; init; }

    /// <summary>What the scheduler recorded; null without one in this process.</summary>
    public ISchedulingDecisions? Decisions { get; init; }
}
