using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds.Storage;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Authorization;

/// <summary>
/// Authorizes the agents of nodes: what running the pods of their own node needs (upstream: the Node authorizer). What an agent may
/// write to a node, lease, CSINode or pod, the NodeRestriction admission plugin decides by the object.
/// </summary>
internal sealed class NodeAuthorizer(CacheHub caches)
{
    private const string NodePrefix = "system:node:";
    private const string NodeNameField = "spec.nodeName";

    private readonly NodeObjects _objects = new(caches);

    public ValueTask<bool> IsAllowedAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken) =>
        info.IsResource && NodeOf(request.User) is { } node
            ? MayNodeAsync(info, request, node, cancellationToken)
            : ValueTask.FromResult(false);

    /// <summary>
    /// A request that the agent may send, narrowed to what it may see: a list or watch of a pod's name shows the pod only while it is on
    /// the node, since another pod may get that name later.
    /// </summary>
    public static ApiRequest Narrow(RequestInfo info, ApiRequest request)
    {
        if (
            info is not { Group: "", Resource: "pods", Verb: "list" or "watch" }
            || NodeOf(request.User) is not { } node
            || SelectsNode(request, NodeNameField, node)
        )
        {
            return request;
        }
        var own = new FieldRequirement(NodeNameField, false, node).ToString();
        var asked = request.QueryValue("fieldSelector");
        return request with
        {
            Query =
            [
                .. request.Query.Where(q => q.Key != "fieldSelector"),
                new("fieldSelector", string.IsNullOrEmpty(asked) ? own : $"{asked},{own}"),
            ],
        };
    }

    private static string? NodeOf(UserInfo user) =>
        user.Groups.Contains(UserInfo.NodesGroup)
        && user.Name.StartsWith(NodePrefix, StringComparison.Ordinal)
        && user.Name.Length > NodePrefix.Length
            ? user.Name[NodePrefix.Length..]
            : null;

    private ValueTask<bool> MayNodeAsync(RequestInfo info, ApiRequest request, string node, CancellationToken cancellationToken)
    {
        var (verb, subresource) = (info.Verb, info.Subresource);
        var whole = subresource.Length == 0;
        var reads = whole && verb is "get" or "list" or "watch";
        var creates = whole && verb == "create";
        return (info.Group, info.Resource) switch
        {
            ("", "nodes") => Answer(
                subresource switch
                {
                    "" => verb is "create" or "update" or "patch" || (reads && info.AuthorizedName == node),
                    "status" => verb is "update" or "patch",
                    _ => false,
                }
            ),
            ("", "pods") => MayUsePodAsync(info, request, node, cancellationToken),
            ("", "secrets" or "configmaps") => reads && info.Namespace.Length > 0
                ? IsRelatedAsync(info, node, cancellationToken)
                : Answer(false),
            ("", "persistentvolumeclaims") => (whole && verb == "get") || (subresource == "status" && verb is "update" or "patch")
                ? IsRelatedAsync(info, node, cancellationToken)
                : Answer(false),
            ("", "persistentvolumes") or ("storage.k8s.io", "volumeattachments") => whole && verb == "get"
                ? IsRelatedAsync(info, node, cancellationToken)
                : Answer(false),
            ("", "serviceaccounts") => (whole && verb == "get") || (subresource == "token" && verb == "create")
                ? IsRelatedAsync(info, node, cancellationToken)
                : Answer(false),
            ("storage.k8s.io", "csinodes") => Answer(creates || (whole && MayKeep(verb) && info.Name == node)),
            ("coordination.k8s.io", "leases") => Answer(
                whole && info.Namespace == "kube-node-lease" && (creates || (MayKeep(verb) && info.Name == node))
            ),
            ("authentication.k8s.io", "tokenreviews") => Answer(creates),
            ("authorization.k8s.io", "subjectaccessreviews" or "localsubjectaccessreviews") => Answer(creates),
            ("certificates.k8s.io", "certificatesigningrequests") => Answer(creates || reads),
            ("", "services") or ("node.k8s.io", "runtimeclasses") or ("storage.k8s.io", "csidrivers") => Answer(reads),
            // The service proxy is part of the agent (upstream: the role system:node-proxier).
            ("discovery.k8s.io", "endpointslices") => Answer(reads),
            ("", "endpoints") => Answer(whole && verb == "get"),
            ("", "events") or ("events.k8s.io", "events") => Answer(whole && verb is "create" or "update" or "patch"),
            _ => Answer(false),
        };
    }

    private ValueTask<bool> MayUsePodAsync(RequestInfo info, ApiRequest request, string node, CancellationToken cancellationToken) =>
        (info.Verb, info.Subresource) switch
        {
            ("get", "") => IsRelatedAsync(info, node, cancellationToken),
            ("list" or "watch", "") when SelectsNode(request, NodeNameField, node) => Answer(true),
            ("list" or "watch", "") => IsRelatedAsync(info, node, cancellationToken),
            // Admission sees to it that these are pods of the node, and mirror pods.
            ("create" or "delete", "") or ("update" or "patch", "status") or ("create", "eviction") => Answer(true),
            _ => Answer(false),
        };

    private static bool MayKeep(string verb) => verb is "get" or "update" or "patch" or "delete";

    private static ValueTask<bool> Answer(bool allowed) => ValueTask.FromResult(allowed);

    private static bool SelectsNode(ApiRequest request, string field, string node)
    {
        try
        {
            return FieldSelector
                .Parse(request.QueryValue("fieldSelector") ?? "")
                .Requirements.Any(r => !r.Negated && r.Field == field && r.Value == node);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private async ValueTask<bool> IsRelatedAsync(RequestInfo info, string node, CancellationToken cancellationToken)
    {
        if (info.AuthorizedName.Length == 0)
        {
            return false;
        }
        var key = new ObjectKey(info.Namespace, info.AuthorizedName);
        if (_objects.Concern(node, info.Resource, key))
        {
            return true;
        }
        // The cache may not show yet that the pod was bound: wait for it once.
        await caches.WaitUntilCurrentAsync(cancellationToken);
        return _objects.Concern(node, info.Resource, key);
    }
}
