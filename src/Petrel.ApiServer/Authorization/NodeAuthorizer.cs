using System.Text.Json;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;
using Petrel.Store;

namespace Petrel.ApiServer.Authorization;

/// <summary>
/// Authorizes the agents of nodes: what running the pods of their own node needs (upstream: the Node authorizer). An agent reads those
/// Secrets, ConfigMaps and claims that a pod of its node refers to.
/// </summary>
internal sealed class NodeAuthorizer(IRevisionedStore store, KindRegistry kinds, CacheHub caches)
{
    private const string NodePrefix = "system:node:";

    public async ValueTask<bool> IsAllowedAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken)
    {
        var user = request.User;
        return info.IsResource
            && user.Groups.Contains(UserInfo.NodesGroup)
            && user.Name.StartsWith(NodePrefix, StringComparison.Ordinal)
            && await MayNodeAsync(info, request, user.Name[NodePrefix.Length..], cancellationToken);
    }

    private async ValueTask<bool> MayNodeAsync(RequestInfo info, ApiRequest request, string node, CancellationToken cancellationToken)
    {
        var reads = info.Verb is "get" or "list" or "watch";
        switch (info.Group, info.Resource)
        {
            case ("", "nodes"):
                return info.Verb switch
                {
                    "create" => NameInBody(request) == node,
                    "update" or "patch" => info.Name == node && (info.Subresource is "" or "status"),
                    _ => reads,
                };
            case ("", "pods"):
                return await MayUsePodAsync(info, request, node, cancellationToken);
            case ("", "secrets" or "configmaps" or "persistentvolumeclaims"):
                return reads && info.Subresource.Length == 0 && await IsUsedAsync(info, request, node, cancellationToken);
            case ("", "serviceaccounts"):
                // The service accounts of its pods, whose tokens it requests.
                return ((reads && info.Subresource.Length == 0) || info is { Verb: "create", Subresource: "token" })
                    && await IsUsedAsync(info, request, node, cancellationToken);
            case ("storage.k8s.io", "csinodes"):
                return info.Name == node && info.Verb is "get" or "update" or "patch" or "delete"
                    || (info.Verb == "create" && NameInBody(request) == node);
            case ("authentication.k8s.io", "tokenreviews")
            or ("authorization.k8s.io", "subjectaccessreviews" or "localsubjectaccessreviews"):
                return info.Verb == "create";
            case ("certificates.k8s.io", "certificatesigningrequests"):
                return info.Verb is "create" or "get" or "list" or "watch" && info.Subresource.Length == 0;
            case ("node.k8s.io", "runtimeclasses") or ("storage.k8s.io", "csidrivers" or "volumeattachments"):
            case ("", "services" or "namespaces" or "persistentvolumes"):
            case ("discovery.k8s.io", "endpointslices"):
                return reads && info.Subresource.Length == 0;
            case ("", "events") or ("events.k8s.io", "events"):
                return info.Verb is "create" or "update" or "patch" && info.Subresource.Length == 0;
            case ("coordination.k8s.io", "leases"):
                return info.Namespace == "kube-node-lease"
                    && info.Verb switch
                    {
                        "create" => NameInBody(request) == node,
                        "get" or "update" or "patch" or "delete" => info.Name == node,
                        _ => false,
                    };
            default:
                return false;
        }
    }

    private async ValueTask<bool> MayUsePodAsync(RequestInfo info, ApiRequest request, string node, CancellationToken cancellationToken) =>
        (info.Verb, info.Subresource) switch
        {
            ("list" or "watch", "") => info.Name.Length == 0
                ? SelectsNode(request, node)
                : await IsOnNodeAsync(info, node, cancellationToken),
            ("get" or "delete", "") => await IsOnNodeAsync(info, node, cancellationToken),
            ("get" or "update" or "patch", "status") => await IsOnNodeAsync(info, node, cancellationToken),
            _ => false,
        };

    private static bool SelectsNode(ApiRequest request, string node)
    {
        try
        {
            return FieldSelector
                .Parse(request.QueryValue("fieldSelector") ?? "")
                .Requirements.Any(r => r is { Field: "spec.nodeName", Negated: false } && r.Value == node);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private async ValueTask<bool> IsOnNodeAsync(RequestInfo info, string node, CancellationToken cancellationToken)
    {
        var pods = kinds.Find("", "v1", "pods");
        if (
            pods is null
            || await store.GetAsync(pods.StoreKey(new ObjectKey(info.Namespace, info.Name)), cancellationToken) is not { } entry
        )
        {
            // Allow it: the request will be answered 404.
            return true;
        }
        using var pod = DeepJson.Document(entry.Value);
        return pod.RootElement.TryGetProperty("spec", out var spec)
            && spec.TryGetProperty("nodeName", out var name)
            && name.GetString() == node;
    }

    // One object, by its name, that a pod on the node refers to. A list must select exactly that object.
    private async ValueTask<bool> IsUsedAsync(RequestInfo info, ApiRequest request, string node, CancellationToken cancellationToken)
    {
        var name = info.Name.Length > 0 ? info.Name : NameSelected(request);
        if (name.Length == 0 || info.Namespace.Length == 0)
        {
            return false;
        }
        if (Uses(info, name, node))
        {
            return true;
        }
        // The cache may not show yet that the pod was bound: wait for it once.
        await caches.WaitUntilCurrentAsync(cancellationToken);
        return Uses(info, name, node);
    }

    private bool Uses(RequestInfo info, string name, string node)
    {
        var snapshot = caches.Of(PodKind.Definition).Current;
        var (start, end) = snapshot.Range(info.Namespace + "/", null);
        var marks = new[] { $"\"{node}\"", $"\"{name}\"" }.Select(System.Text.Encoding.UTF8.GetBytes).ToArray();
        foreach (var item in snapshot.Between(start, end))
        {
            // Parse only pods that contain both names.
            if (!item.Contains(marks[0]) || !(item.Contains(marks[1]) || info.Resource == "persistentvolumeclaims"))
            {
                continue;
            }
            using var pod = item.Parse();
            if (
                pod.RootElement.TryGetProperty("spec", out var spec)
                && spec.TryGetProperty("nodeName", out var bound)
                && bound.GetString() == node
                && PodNamedObjects.Of(pod.RootElement, info.Resource).Contains(name)
            )
            {
                return true;
            }
        }
        return false;
    }

    private static string NameSelected(ApiRequest request)
    {
        try
        {
            return FieldSelector
                .Parse(request.QueryValue("fieldSelector") ?? "")
                .Requirements.Where(r => r is { Field: "metadata.name", Negated: false })
                .Select(r => r.Value)
                .FirstOrDefault("");
        }
        catch (FormatException)
        {
            return "";
        }
    }

    private static string NameInBody(ApiRequest request) => BodyDecoder.Parse(request).Document.Child("metadata").Text("name");
}
