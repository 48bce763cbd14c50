using System.Text.Json;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.NodeConnections;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Subresources;

/// <summary>GET of <c>pods/NAME/log</c>: a container's log, from the agent of the pod's node.</summary>
internal sealed class LogSubresource(KindRegistry kinds, CacheHub caches, INodeConnector nodes, ResourceVersionWait revisions)
    : IResourceHandler
{
    public static SubresourceDefinition Definition { get; } =
        new("log", ["get"])
        {
            BelongsTo = static kind => ReferenceEquals(kind, PodKind.Definition),
            IsText = true,
            IsLongRunning = true,
        };

    private static readonly GroupVersionKind OptionsKind = new("", "v1", "PodLogOptions");

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var http = request.Http;
        await revisions.WaitAsync(null, cancellationToken);
        var found = caches.Of(request.Kind).Current.Find(request.PathPrefix + request.Key.Name)
            ?? throw StatusErrors.NotFound(request.Kind, request.Key.Name);
        using var pod = found.Parse();
        var query = ReadOptions(http, request.Key.Name);
        var container = ContainerOf(pod.RootElement, request.Key.Name, http.QueryValue("container") ?? "");
        var node = pod.RootElement.GetProperty("spec").TryGetProperty("nodeName", out var nodeName) ? nodeName.GetString() ?? "" : "";
        if (node.Length == 0)
        {
            // Not scheduled yet: the log is empty.
            return new ApiResponse { StatusCode = 200, ContentType = "text/plain" };
        }
        var endpoint = Endpoint(node);
        try
        {
            var path = $"/containerLogs/{request.Key.Namespace}/{request.Key.Name}/{container}";
            var answer = await nodes.SendAsync(endpoint, path, query, cancellationToken);
            if (answer.IsSuccess)
            {
                return answer;
            }
            throw answer.StatusCode == 404
                ? new StatusException(404, "NotFound", $"the server could not find the requested resource ( pods/log {request.Key.Name})")
                : new StatusException(answer.StatusCode, answer.StatusCode == 400 ? "BadRequest" : "InternalError", answer.BodyText);
        }
        catch (IOException e)
        {
            throw StatusErrors.InternalError(
                $"Get \"https://{endpoint.Address}:{endpoint.Port}/containerLogs/{request.Key.Namespace}/{request.Key.Name}/{container}\": "
                    + e.Message
            );
        }
    }

    private NodeEndpoint Endpoint(string name)
    {
        var nodes = kinds.Find("", "v1", "nodes")!;
        var found = caches.Of(nodes).Current.Find(name) ?? throw StatusErrors.NotFound(nodes, name);
        using var node = found.Parse();
        return NodeEndpoints.Of(name, node.RootElement);
    }

    private static List<KeyValuePair<string, string>> ReadOptions(ApiRequest request, string podName)
    {
        var errors = new FieldErrors();
        var query = new List<KeyValuePair<string, string>>();
        foreach (var name in (ReadOnlySpan<string>)["follow", "previous", "timestamps"])
        {
            if (RequestInfo.IsTrue(request.QueryValue(name)))
            {
                query.Add(new(name, "true"));
            }
        }
        foreach (var (name, minimum) in (ReadOnlySpan<(string, long)>)[("tailLines", 0), ("limitBytes", 1), ("sinceSeconds", 1)])
        {
            if (request.QueryValue(name) is not { Length: > 0 } text)
            {
                continue;
            }
            if (!long.TryParse(text, out var number))
            {
                throw StatusErrors.BadRequest($"strconv.ParseInt: parsing \"{text}\": invalid syntax ({name} must be an integer)");
            }
            if (number < minimum)
            {
                errors.Invalid(name, number, minimum == 0 ? "must be greater than or equal to 0" : "must be greater than 0");
            }
            query.Add(new(name, text));
        }
        if (request.QueryValue("sinceTime") is { Length: > 0 } since)
        {
            if (
                !DateTimeOffset.TryParse(
                    since,
                    System.Globalization.CultureInfo.InvariantCulture,
                    System.Globalization.DateTimeStyles.AssumeUniversal,
                    out _
                )
            )
            {
                throw StatusErrors.BadRequest($"sinceTime: \"{since}\" is not an RFC 3339 time");
            }
            if (query.Exists(q => q.Key == "sinceSeconds"))
            {
                errors.Forbidden("sinceSeconds", "at most one of `sinceTime` or `sinceSeconds` may be specified");
            }
            query.Add(new("sinceTime", since));
        }
        return errors.Any ? throw StatusErrors.Invalid(OptionsKind, podName, errors.All) : query;
    }

    private static string ContainerOf(JsonElement pod, string podName, string asked)
    {
        var spec = pod.GetProperty("spec");
        var containers = Names(spec, "containers");
        var others = Names(spec, "initContainers");
        if (asked.Length == 0)
        {
            if (
                pod.GetProperty("metadata").TryGetProperty("annotations", out var annotations)
                && annotations.TryGetProperty("kubectl.kubernetes.io/default-container", out var preferred)
                && containers.Contains(preferred.GetString()!)
            )
            {
                return preferred.GetString()!;
            }
            if (containers.Count == 1)
            {
                return containers[0];
            }
            var choice = $"a container name must be specified for pod {podName}, choose one of: [{string.Join(' ', containers)}]";
            throw StatusErrors.BadRequest(
                others.Count == 0 ? choice : $"{choice} or one of the init containers: [{string.Join(' ', others)}]"
            );
        }
        return containers.Contains(asked) || others.Contains(asked) || Names(spec, "ephemeralContainers").Contains(asked)
            ? asked
            : throw StatusErrors.BadRequest($"container {asked} is not valid for pod {podName}");
    }

    private static List<string> Names(JsonElement spec, string list) =>
        spec.TryGetProperty(list, out var containers)
            ? [.. containers.EnumerateArray().Select(c => c.GetProperty("name").GetString()!)]
            : [];
}
