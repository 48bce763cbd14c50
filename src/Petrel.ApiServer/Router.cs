using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.CustomResources;
using Petrel.ApiServer.Discovery;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Health;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Metrics;
using Petrel.ApiServer.Kinds.Reviews;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Reviews;
using Petrel.ApiServer.Subresources;
using Petrel.ApiServer.Usage;
using Petrel.ApiServer.Verbs;
using Petrel.Model.Api;

namespace Petrel.ApiServer;

/// <summary>Leads requests for resources to their verbs and subresources.</summary>
internal sealed class Router
{
    private readonly ServerParts _parts;
    private readonly GetVerb _get;
    private readonly ListVerb _list;
    private readonly ComponentStatusVerbs _components;
    private readonly UsageVerbs _usage;
    private readonly SampledMetricVerbs _samples;
    private readonly WatchVerb _watch;
    private readonly UpdateVerb _update;
    private readonly PatchVerb _patch;
    private readonly DeleteVerb _delete;
    private readonly DeleteCollectionVerb _deleteCollection;
    private readonly ScaleSubresource _scale;
    private readonly BindingSubresource _binding;
    private readonly EvictionSubresource _eviction;
    private readonly FinalizeSubresource _finalize;
    private readonly LogSubresource _log;
    private readonly SchedulingDecisionSubresource _schedulingDecision;
    private readonly AccessReviews _reviews;
    private readonly TokenReviews _tokenReviews;
    private readonly TokenSubresource _token;

    public Router(ServerParts parts, IComponentHealth? components, ISchedulingDecisions? decisions)
    {
        _parts = parts;
        var allocations = new ServiceAllocations(parts);
        var admission = new AdmissionChain(parts);
        var updates = new UpdateEngine(parts, allocations, admission);
        var deletions = new DeleteEngine(parts, admission);
        Create = new CreateVerb(parts, allocations, admission);
        _reviews = new AccessReviews(parts);
        _tokenReviews = new TokenReviews(parts);
        _token = new TokenSubresource(parts, admission);
        DefaultRoles = new DefaultRoles(parts, Create, updates);
        Aggregation = new RoleAggregation(parts, updates);
        ApiServices = new ApiServiceRegistration(parts, Create, updates, deletions);
        CustomResources = new CustomResourceLoop(parts, updates, deletions, ApiServices.Wake);
        _get = new GetVerb(parts);
        _list = new ListVerb(parts);
        _components = new ComponentStatusVerbs(parts, _list, components);
        Usage = new UsageCollector(parts);
        _usage = new UsageVerbs(parts, _list, Usage);
        _samples = new SampledMetricVerbs(parts);
        _watch = new WatchVerb(parts);
        _update = new UpdateVerb(parts, updates, Create);
        _patch = new PatchVerb(parts, updates, Create);
        _delete = new DeleteVerb(parts, deletions);
        _deleteCollection = new DeleteCollectionVerb(_list, deletions);
        _scale = new ScaleSubresource(parts, updates);
        _binding = new BindingSubresource(parts, updates, admission);
        _eviction = new EvictionSubresource(parts, deletions);
        _finalize = new FinalizeSubresource(parts, updates);
        _log = new LogSubresource(parts);
        _schedulingDecision = new SchedulingDecisionSubresource(parts, decisions);
    }

    public CreateVerb Create { get; }

    /// <summary>Knows what pods and nodes use.</summary>
    public UsageCollector Usage { get; }

    /// <summary>Keeps the default roles.</summary>
    public DefaultRoles DefaultRoles { get; }

    /// <summary>Fills roles that gather others' rules.</summary>
    public RoleAggregation Aggregation { get; }

    /// <summary>Says by objects which groups are served.</summary>
    public ApiServiceRegistration ApiServices { get; }

    /// <summary>Serves custom resources.</summary>
    public CustomResourceLoop CustomResources { get; }

    public ValueTask<ApiResponse> RouteAsync(RequestInfo info, ApiRequest http, CancellationToken cancellationToken)
    {
        if (info.Namespace is "." or ".." || info.Name is "." or ".." || info.Name.Contains('%', StringComparison.Ordinal))
        {
            throw StatusErrors.BadRequest(
                $"a path may not name \"{info.Namespace}/{info.Name}\": names may not be '.' or '..', or contain '%'"
            );
        }
        if (info is { Group: "", Version: "v1", Resource: "bindings", Name: "", Namespace.Length: > 0 })
        {
            return info.Verb == "create"
                ? _binding.RunAsync(http, _parts.Kinds.Find("", "v1", "pods")!, info.Namespace, "", cancellationToken)
                : throw StatusErrors.MethodNotAllowed();
        }
        if (_samples.Answer(info, http) is { } metrics)
        {
            return new(metrics);
        }
        var kind = _parts.Kinds.Find(info.Group, info.Version, info.Resource) ?? throw StatusErrors.NoSuchResource();
        if (!kind.Namespaced && info.Namespace.Length > 0 && info.Resource != "namespaces")
        {
            throw StatusErrors.NoSuchResource();
        }
        if (kind.Namespaced && info.Namespace.Length == 0 && info.Name.Length > 0)
        {
            throw StatusErrors.NoSuchResource();
        }
        var request = new ResourceRequest(http, info, kind);
        var response = info.Subresource.Length == 0 ? Verb(request, cancellationToken) : Subresource(request, cancellationToken);
        return kind.Deprecation.Length == 0 ? response : WarnAsync(response, kind.Deprecation);
    }

    private static async ValueTask<ApiResponse> WarnAsync(ValueTask<ApiResponse> response, string warning)
    {
        var answer = await response;
        return answer with { Headers = [.. answer.Headers, .. ObjectResponses.Warnings([warning])] };
    }

    private ValueTask<ApiResponse> Verb(ResourceRequest request, CancellationToken cancellationToken)
    {
        if (!request.Kind.Verbs.Contains(request.Info.Verb))
        {
            throw StatusErrors.MethodNotAllowed();
        }
        if (AccessReviews.Answers(request.Kind))
        {
            return _reviews.RunAsync(request, cancellationToken);
        }
        if (request.Kind == ReviewKinds.Token)
        {
            return _tokenReviews.RunAsync(request, cancellationToken);
        }
        if (request.Kind == ComponentStatusKind.Definition)
        {
            return new(_components.Run(request));
        }
        if (request.Kind.Gvk.Group == UsageKinds.Group)
        {
            return new(_usage.Run(request));
        }
        return (request.Info.Verb, request.Key.Name.Length > 0) switch
        {
            ("get", true) => _get.RunAsync(request, cancellationToken),
            ("list", false) => _list.RunAsync(request, cancellationToken),
            ("watch", _) => _watch.RunAsync(request, cancellationToken),
            ("create", false) => Create.RunAsync(request, cancellationToken),
            ("update", true) => _update.RunAsync(request, UpdateScope.Object, cancellationToken),
            ("patch", true) => _patch.RunAsync(request, UpdateScope.Object, cancellationToken),
            ("delete", true) => _delete.RunAsync(request, cancellationToken),
            ("deletecollection", false) => _deleteCollection.RunAsync(request, cancellationToken),
            _ => throw StatusErrors.MethodNotAllowed(),
        };
    }

    private ValueTask<ApiResponse> Subresource(ResourceRequest request, CancellationToken cancellationToken)
    {
        var (kind, name) = (request.Kind, request.Info.Subresource);
        if (name == "status" && kind.HasStatus)
        {
            return request.Info.Verb switch
            {
                "get" => _get.RunAsync(request, cancellationToken),
                "update" => _update.RunAsync(request, UpdateScope.Status, cancellationToken),
                "patch" => _patch.RunAsync(request, UpdateScope.Status, cancellationToken),
                _ => throw StatusErrors.MethodNotAllowed(),
            };
        }
        if (!kind.Subresources.Any(s => s.Name == name))
        {
            throw StatusErrors.NoSuchResource();
        }
        return (kind.Gvk.Group, kind.Plural, name, request.Info.Verb) switch
        {
            (_, _, "scale", _) => _scale.RunAsync(request, cancellationToken),
            ("", "pods", "binding", "create") => _binding.RunAsync(
                request.Http,
                kind,
                request.Key.Namespace,
                request.Key.Name,
                cancellationToken
            ),
            ("", "pods", "eviction", "create") => _eviction.RunAsync(request, cancellationToken),
            ("", "pods", "log", "get") => _log.RunAsync(request, cancellationToken),
            ("", "pods", SchedulingDecisionSubresource.Name, "get") => _schedulingDecision.RunAsync(request, cancellationToken),
            ("", "serviceaccounts", "token", "create") => _token.RunAsync(request, cancellationToken),
            ("certificates.k8s.io", "certificatesigningrequests", "approval", "get") => _get.RunAsync(request, cancellationToken),
            ("certificates.k8s.io", "certificatesigningrequests", "approval", "update") => _update.RunAsync(
                request,
                UpdateScope.Approval,
                cancellationToken
            ),
            ("certificates.k8s.io", "certificatesigningrequests", "approval", "patch") => _patch.RunAsync(
                request,
                UpdateScope.Approval,
                cancellationToken
            ),
            ("", "namespaces", "finalize", "update") => _finalize.RunAsync(request, cancellationToken),


            ("", "pods", "binding" or "eviction" or "log" or SchedulingDecisionSubresource.Name, _)
            or
            ("", "namespaces", "finalize", _)
            or
            ("", "serviceaccounts", "token", _)
            or (_, _, "approval", _) => throw StatusErrors.MethodNotAllowed(),
            _ => throw StatusErrors.NoSuchResource(),
        };
    }
}
