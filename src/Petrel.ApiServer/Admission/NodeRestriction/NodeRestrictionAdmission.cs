using System.Text.Json.Nodes;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Admission.NodeRestriction;

/// <summary>
/// Restricts a node's agent to that node and its pods, where authorization alone cannot tell (upstream's NodeRestriction admission). A
/// compromised node must not reach others.
/// </summary>
internal sealed class NodeRestrictionAdmission(IRevisionedStore store, KindRegistry kinds, TokenAudiences audiences) : IAdmissionPlugin
{
    private const string UserPrefix = "system:node:";

    public string Name => "NodeRestriction";

    public bool Handles(AdmissionRequest request) =>
        request.Operation != AdmissionOperation.Connect && request.Call.User.Groups.Contains(UserInfo.NodesGroup) && Concerns(request);

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var user = request.Call.User.Name;
        var node = user.StartsWith(UserPrefix, StringComparison.Ordinal) ? user[UserPrefix.Length..] : "";
        var why =
            node.Length == 0
                ? $"could not determine node from user \"{user}\""
                : (request.Kind.Gvk.Group, request.Kind.Plural) switch
                {
                    ("", "pods") => await PodAsync(request, node, cancellationToken),
                    ("", "nodes") => Node(request, node),
                    ("", "persistentvolumeclaims") => request is { Subresource: "status", Operation: AdmissionOperation.Update }
                        ? NodeRules.UpdateClaimStatus(node, request.Object!, request.Old!, request.Kind.Schema)
                        : "may only update PVC status",
                    ("", "serviceaccounts") => request is { Subresource: "token", Operation: AdmissionOperation.Create }
                        ? await TokenAsync(request, node, cancellationToken)
                        : null,
                    ("coordination.k8s.io", _) => Lease(request, node),
                    _ => request.DisplayName() == node ? null : "can only access CSINode with the same name as the requesting node",
                };
        if (why is not null)
        {
            throw request.Forbidden(why);
        }
    }

    private static bool Concerns(AdmissionRequest request) =>
        (request.Kind.Gvk.Group, request.Kind.Plural) switch
        {
            ("", "pods" or "nodes" or "persistentvolumeclaims" or "serviceaccounts") => true,
            ("coordination.k8s.io", "leases") or ("storage.k8s.io", "csinodes") => true,
            _ => false,
        };

    private async ValueTask<string?> PodAsync(AdmissionRequest request, string node, CancellationToken cancellationToken)
    {
        switch (request.Subresource, request.Operation)
        {
            case ("", AdmissionOperation.Create):
                var uid = await FindAsync("nodes", new("", node), cancellationToken) is { } entry ? entry.Metadata().Text("uid") : null;
                return NodeRules.CreatePod(node, uid, request.Object!);
            case ("", AdmissionOperation.Delete):
                return IsOn(request.Old!, node) ? null : $"node \"{node}\" can only delete pods with spec.nodeName set to itself";
            case ("", _):
                return $"unexpected operation \"{request.Operation.ToString().ToUpperInvariant()}\", node \"{node}\" can only create "
                    + $"and delete mirror pods";
            case ("status", AdmissionOperation.Update):
                return NodeRules.UpdatePodStatus(node, request.Object!, request.Old!);
            // Admission sees an eviction as the deletion that it leads to.
            case ("eviction", _):
                return IsOn(request.Old!, node) ? null : $"node {node} can only evict pods with spec.nodeName set to itself";
            default:
                return $"unexpected pod subresource \"{request.Subresource}\", only 'status' and 'eviction' are allowed";
        }
    }

    private static string? Node(AdmissionRequest request, string node)
    {
        if (request.DisplayName() is var asked && asked != node)
        {
            return $"node \"{node}\" is not allowed to modify node \"{asked}\"";
        }
        return request.Operation switch
        {
            AdmissionOperation.Create => NodeRules.CreateNode(node, request.Object!),
            AdmissionOperation.Update => NodeRules.UpdateNode(node, request.Object!, request.Old!),
            _ => null,
        };
    }

    private static string? Lease(AdmissionRequest request, string node) =>
        request.Key.Namespace != "kube-node-lease" ? "can only access leases in the \"kube-node-lease\" system namespace"
        : request.DisplayName() != node ? "can only access node lease with the same name as the requesting node"
        : null;

    private async ValueTask<string?> TokenAsync(AdmissionRequest request, string node, CancellationToken cancellationToken)
    {
        if (NodeRules.Bound(request.Object) is not { } reference)
        {
            return "node requested token not bound to a pod";
        }
        var key = new ObjectKey(request.Key.Namespace, reference.Text("name"));
        var pod = await FindAsync("pods", key, cancellationToken) ?? throw StatusErrors.NotFound("", "pods", key.Name);
        return NodeRules.CreateToken(node, request.Object!, pod) ?? await audiences.ProblemAsync(request, pod, cancellationToken);
    }

    private static bool IsOn(JsonObject pod, string node) => pod.Child("spec").Text("nodeName") == node;

    private ValueTask<JsonObject?> FindAsync(string plural, ObjectKey key, CancellationToken cancellationToken) =>
        AdmissionReads.FindAsync(store, kinds.Find("", "v1", plural)!, key, cancellationToken);
}
