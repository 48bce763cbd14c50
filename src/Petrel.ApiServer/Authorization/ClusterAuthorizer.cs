using System.Text.Json;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Selectors;
using Petrel.Store;

namespace Petrel.ApiServer.Authorization;

/// <summary>
/// The cluster's fixed rights: <c>system:masters</c> may do everything; the agent of a node (<c>system:nodes</c>) what running the pods of its
/// own node needs (upstream: the Node authorizer and NodeRestriction); nobody else anything but reading what the API offers.
/// </summary>
internal sealed class ClusterAuthorizer(IRevisionedStore store, KindRegistry kinds) : IAuthorizer
{
    private const string NodePrefix = "system:node:";

    public async ValueTask<bool> IsAllowedAsync(RequestInfo info, ApiRequest request, CancellationToken cancellationToken)
    {
        var user = request.User;
        if (user.Groups.Contains(UserInfo.MastersGroup))
        {
            return true;
        }
        if (!info.IsResource)
        {
            return info.Verb is "get" or "head" && info.Path != "/metrics" && user.Groups.Contains(UserInfo.AuthenticatedGroup);
        }
        return user.Groups.Contains(UserInfo.NodesGroup) && user.Name.StartsWith(NodePrefix, StringComparison.Ordinal)
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
            case ("", "secrets" or "configmaps" or "services" or "namespaces" or "serviceaccounts" or "persistentvolumes" or "persistentvolumeclaims"):
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
            ("list" or "watch", "") => info.Name.Length == 0 ? SelectsNode(request, node) : await IsOnNodeAsync(info, node, cancellationToken),
            ("get" or "delete", "") => await IsOnNodeAsync(info, node, cancellationToken),
            ("get" or "update" or "patch", "status") => await IsOnNodeAsync(info, node, cancellationToken),
            _ => false,
        };

    private static bool SelectsNode(ApiRequest request, string node)
    {
        try
        {
            return FieldSelector.Parse(request.QueryValue("fieldSelector") ?? "").Requirements
                .Any(r => r is { Field: "spec.nodeName", Negated: false } && r.Value == node);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private async ValueTask<bool> IsOnNodeAsync(RequestInfo info, string node, CancellationToken cancellationToken)
    {
        var pods = kinds.Find("", "v1", "pods");
        if (pods is null || await store.GetAsync(pods.StoreKey(new ObjectKey(info.Namespace, info.Name)), cancellationToken) is not { } entry)
        {
            // A pod that is gone is no secret: the agent learns so by the answer.
            return true;
        }
        using var pod = JsonDocument.Parse(entry.Value);
        return pod.RootElement.TryGetProperty("spec", out var spec) && spec.TryGetProperty("nodeName", out var name) && name.GetString() == node;
    }

    private static string NameInBody(ApiRequest request) =>
        BodyDecoder.Parse(request).Document.Child("metadata").Text("name");
}
