using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Health;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.ApiServer.Pipeline;
using Petrel.ApiServer.Subresources;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Store;

namespace Petrel.ApiServer.Composition;

/// <summary>
/// The Kubernetes API over a revisioned store. The same code answers live requests and simulated ones: it takes no thread, no clock
/// and no randomness of its own.
/// </summary>
public sealed class ApiServer : IApiExchangeHandler
{
    private readonly BackgroundLoops _loops;
    private readonly RequestPipeline _pipeline;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;
    private volatile bool _ended;

    public ApiServer(
        ApiServerOptions options,
        IRevisionedStore store,
        KindRegistry kinds,
        TimeProvider time,
        IEntropy entropy,
        INodeConnector nodes,
        ILoggerFactory logs,
        IWebhookCaller? webhooks = null,
        ITokenKeys? tokenKeys = null,
        IComponentHealth? components = null,
        ISchedulingDecisions? decisions = null
    )
        : this(
            new ServerParameters(options, store, kinds.Fork(), time, entropy, nodes, logs.CreateLogger("Petrel.ApiServer"))
            {
                Webhooks = webhooks ?? NoWebhooks.Instance,
                TokenKeys = tokenKeys,
                Components = components,
                Decisions = decisions,
            },
            static stages => stages
        ) { }

    /// <param name="parameters">What the server is made of.</param>
    /// <param name="stages">Changes the list of stages that requests pass.</param>
    internal ApiServer(ServerParameters parameters, Func<List<IRequestStage>, List<IRequestStage>> stages)
    {
        var caches = parameters.Caches;
        HealthCheck ping = new("ping", static () => true);
        HealthCheck following = new("store", () => caches.Revision >= 0 && !_ended);
        HealthCheck writing = new("disk", () => parameters.Store.Health.Fault == StoreFault.None);
        var health = new HealthPaths(
            [ping],
            [
                ping,
                following,
                writing,
                new("poststarthook/bootstrap", () => _ready.Task.IsCompletedSuccessfully),
                new("shutdown", () => !_stopping),
            ],
            parameters.Options.BuildDate
        );
        var components = new ServerComponents(parameters);
        _pipeline = new RequestPipeline(stages(RequestStages.Create(components, health)), parameters.Log);
        _loops = new BackgroundLoops(components);
    }

    /// <summary>Completes when the server can answer: its caches follow the store, and the system's namespaces are there.</summary>
    public Task Ready => _ready.Task;

    /// <summary>
    /// Reports at <c>/readyz</c> that the server is about to stop, so that load balancers send it no new clients. Everything else is
    /// answered as before.
    /// </summary>
    public void AnnounceStop() => _stopping = true;

    /// <summary>Serves until cancelled. Watches end with it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await _loops.RunAsync(() => _ready.TrySetResult(), cancellationToken);
        }
        finally
        {
            _stopping = true;
            _ended = true;
            _ready.TrySetCanceled(CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken) =>
        _pipeline.HandleAsync(request, null, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ApiRequest request, IApiExchange exchange, CancellationToken cancellationToken) =>
        _pipeline.HandleAsync(request, exchange, cancellationToken);
}
