using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Admission.Pods;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Discovery;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Health;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Metrics;
using Petrel.ApiServer.Nodes;
using Petrel.ApiServer.OpenApi;
using Petrel.ApiServer.Protection;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Subresources;
using Petrel.Model.Api;
using Petrel.Model.Determinism;
using Petrel.Store;

namespace Petrel.ApiServer;

/// <summary>
/// The Kubernetes API over a revisioned store. The same code answers live requests and simulated ones: it takes no thread, no clock
/// and no randomness of its own.
/// </summary>
public sealed partial class ApiServer : IApiHandler
{
    private static readonly string[] SystemNamespaces = ["default", "kube-node-lease", "kube-public", "kube-system"];

    private readonly ServerParts _parts;
    private readonly Router _router;
    private readonly ClusterAuthorizer _authorizer;
    private readonly Impersonator _impersonator;
    private readonly IssuerDocuments _issuer;
    private readonly HealthPaths _health;
    private readonly DiscoveryDocuments _discovery;
    private readonly OpenApiDocuments _openApi;
    private readonly SwaggerDocument _swagger;
    private readonly RequestLimits _limits;
    private readonly RequestMetrics _metrics = new();
    private readonly ILogger _log;
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
    {
        _log = logs.CreateLogger("Petrel.ApiServer");
        // Custom kinds are this server's alone.
        kinds = kinds.Fork();
        var caches = new CacheHub(store, kinds.All, options.WatchWindow);
        _parts = new ServerParts(options, store, kinds, caches, time, entropy, nodes, webhooks ?? NoWebhooks.Instance, _log, tokenKeys);
        _router = new Router(_parts, components, decisions);
        _authorizer = _parts.Authorizer;
        _impersonator = new Impersonator(_authorizer);
        _issuer = new IssuerDocuments(_parts);
        _limits = new RequestLimits(options, time);
        _discovery = new DiscoveryDocuments(kinds);
        _openApi = new OpenApiDocuments(kinds);
        _swagger = new SwaggerDocument(kinds);
        HealthCheck ping = new("ping", static () => true);
        HealthCheck following = new("store", () => caches.Revision >= 0 && !_ended);
        _health = new HealthPaths(
            [ping],
            [ping, following, new("poststarthook/bootstrap", () => _ready.Task.IsCompletedSuccessfully), new("shutdown", () => !_stopping)]
        );
    }

    /// <summary>Completes when the server can answer: its caches follow the store, and the system's namespaces are there.</summary>
    public Task Ready => _ready.Task;

    /// <summary>
    /// Says at <c>/readyz</c> that the server is about to stop, so that nobody sends it new clients. Everything else is answered as before.
    /// </summary>
    public void AnnounceStop() => _stopping = true;

    /// <summary>Serves until cancelled. Watches end with it.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var caches = EndTogetherAsync(_parts.Caches.RunAsync(stop.Token), stop);
        var compaction = EndTogetherAsync(new Compactor(_parts).RunAsync(stop.Token), stop);
        var expiry = EndTogetherAsync(new EventExpiry(_parts).RunAsync(stop.Token), stop);
        var (customResources, aggregation, apiServices, usage) = (
            Task.CompletedTask,
            Task.CompletedTask,
            Task.CompletedTask,
            Task.CompletedTask
        );
        try
        {
            await BootstrapAsync(stop.Token);
            await _router.CustomResources.StartAsync(stop.Token);
            if (_parts.Options.KeepDefaultRoles)
            {
                await _router.DefaultRoles.EnsureAsync(stop.Token);
                await _router.Aggregation.SettleAsync(stop.Token);
            }
            aggregation = EndTogetherAsync(_router.Aggregation.RunAsync(stop.Token), stop);
            if (_parts.Options.KeepApiServices)
            {
                apiServices = EndTogetherAsync(_router.ApiServices.RunAsync(stop.Token), stop);
            }
            if (_parts.Options.UsageInterval > TimeSpan.Zero)
            {
                usage = EndTogetherAsync(_router.Usage.RunAsync(stop.Token), stop);
            }
            customResources = EndTogetherAsync(_router.CustomResources.RunAsync(stop.Token), stop);
            _ready.TrySetResult();
            await Task.WhenAll(caches, compaction, expiry, customResources, aggregation, apiServices, usage);
        }
        catch (Exception e) when (stop.IsCancellationRequested && e is OperationCanceledException or StatusException)
        {
            await Task.WhenAll(caches, compaction, expiry, customResources, aggregation, apiServices, usage);
        }
        finally
        {
            _stopping = true;
            _ended = true;
            stop.Cancel();
            _ready.TrySetCanceled(CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        try
        {
            if (HealthPaths.IsOpen(request.Path))
            {
                return _health.Answer(request);
            }
            request = await _parts.Authenticator.AuthenticateAsync(request, cancellationToken);
            if (request.User.Groups.Contains(UserInfo.UnauthenticatedGroup))
            {
                throw StatusErrors.Unauthorized();
            }
            request = await _impersonator.ImpersonateAsync(request, cancellationToken);
            if (request.Body.Length > _parts.Options.MaxBodyBytes)
            {
                throw StatusErrors.RequestEntityTooLarge(_parts.Options.MaxBodyBytes);
            }
        }
        catch (StatusException e)
        {
            return e.ToResponse();
        }
        var info = RequestInfo.Parse(request);
        var started = _parts.Time.GetTimestamp();
        var response = RequestLimits.IsLasting(info)
            ? await AnswerAsync(info, request, cancellationToken)
            : await AnswerInTimeAsync(info, request, cancellationToken);
        _metrics.Record(info, response.StatusCode, response.Stream is null ? _parts.Time.GetElapsedTime(started) : null);
        return response;
    }

    private async ValueTask<ApiResponse> AnswerInTimeAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_parts.Options.RequestTimeout, _parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var seat = await _limits.EnterAsync(info, request.User, either.Token);
            return await AnswerAsync(info, request, either.Token);
        }
        catch (StatusException e)
        {
            return e.ToResponse();
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return StatusErrors.Timeout().ToResponse();
        }
    }

    private async ValueTask<ApiResponse> AnswerAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken)
    {
        try
        {
            if (!await _authorizer.IsAllowedAsync(info, request, cancellationToken))
            {
                throw ForbiddenErrors.Of(info, request.User, _authorizer.Rbac.Problems(info, request.User));
            }
            return info.IsResource
                ? await _router.RouteAsync(info, request, cancellationToken)
                : _discovery.Answer(request)
                    ?? _openApi.Answer(request)
                    ?? _swagger.Answer(request)
                    ?? Metrics(request)
                    ?? _issuer.Answer(request)
                    ?? throw StatusErrors.NoSuchResource();
        }
        catch (StatusException e)
        {
            return e.ToResponse();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            LogFailed(_log, e, request.Method, request.Path);
            return StatusErrors.InternalError(e.Message).ToResponse();
        }
    }

    private ApiResponse? Metrics(ApiRequest request) =>
        request is { Method: "GET", Path: "/metrics" }
            ? new ApiResponse
            {
                StatusCode = 200,
                ContentType = "text/plain; version=0.0.4; charset=utf-8",
                Body = System.Text.Encoding.UTF8.GetBytes(_metrics.Text() + ProcessMetrics.Text(_limits.Waiting)),
            }
            : null;

    private async Task BootstrapAsync(CancellationToken cancellationToken)
    {
        await _parts.Caches.WaitUntilCurrentAsync(cancellationToken);
        if (_parts.Kinds.Find("", "v1", "namespaces") is not { } namespaces)
        {
            return;
        }
        foreach (var name in SystemNamespaces)
        {
            if (await _parts.Store.GetAsync(namespaces.StorePrefix + name, cancellationToken) is null)
            {
                var document = new JsonObject
                {
                    ["apiVersion"] = "v1",
                    ["kind"] = "Namespace",
                    ["metadata"] = new JsonObject { ["name"] = name },
                };
                await _router.Create.CreateAsync(namespaces, "", document, WriteCall.OfServer("bootstrap"), cancellationToken);
            }
        }
        await SystemPriorityClasses.EnsureAsync(_parts, _router.Create, cancellationToken);
        await _parts.Caches.WaitUntilCurrentAsync(cancellationToken);
    }

    // When one loop ends, so do the others: half a server is none.
    private static async Task EndTogetherAsync(Task loop, CancellationTokenSource stop)
    {
        try
        {
            await loop;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        finally
        {
            stop.Cancel();
        }
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
    private static partial void LogFailed(ILogger logger, Exception exception, string method, string path);
}
