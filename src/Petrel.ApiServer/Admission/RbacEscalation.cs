using System.Text.Json.Nodes;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds.Rbac;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission;

/// <summary>
/// Prevents privilege escalation: the author of a role must hold its rules or have the right to <c>escalate</c>, and the author of a
/// binding must hold the role's rules or have the right to <c>bind</c> it (upstream: the policybased storage of the RBAC registry).
/// </summary>
internal sealed class RbacEscalation(CacheHub caches, ClusterAuthorizer authorizer) : IAdmissionPlugin
{
    public string Name => "RBACEscalation";

    public bool Handles(AdmissionRequest request) =>
        request.Kind.Gvk.Group == RbacKinds.Group
        && request.Operation is AdmissionOperation.Create or AdmissionOperation.Update
        && !request.Call.User.Groups.Contains(UserInfo.MastersGroup);

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var value = request.Object!;
        if (
            request.Old is { } old
            && new[] { "rules", "aggregationRule", "subjects", "roleRef" }.All(f => JsonNode.DeepEquals(value[f], old[f]))
        )
        {
            // Only metadata changes: the right to write the object is enough.
            return;
        }
        await caches.WaitUntilCurrentAsync(cancellationToken);
        var binds = request.Kind.Gvk.Kind.EndsWith("Binding", StringComparison.Ordinal);
        var wanted = binds ? RulesBound(value, request.Key.Namespace) : [.. value.Objects("rules").Select(PolicyRule.FromDocument)];
        if (value.Has("aggregationRule"))
        {
            // The aggregated rules are unknown at this time, so the author must hold all rights.
            wanted = [.. wanted, new PolicyRule(["*"], ["*"], ["*"], [], []), new PolicyRule(["*"], [], [], [], ["*"])];
        }
        var missing = PolicyRule.Uncovered([.. authorizer.Rbac.RulesOf(request.Call.User, request.Key.Namespace)], wanted);
        if (missing.Count == 0 || await MayAsync(request, value, binds, cancellationToken))
        {
            return;
        }
        var user = request.Call.User;
        throw StatusErrors.Forbidden(
            request.Kind,
            request.Key.Name.Length > 0 ? request.Key.Name : value.Child("metadata").Text("name"),
            $"user \"{user.Name}\" (groups=[{string.Join(' ', user.Groups.Select(g => $"\"{g}\""))}]) is attempting to grant "
                + $"RBAC permissions not currently held:\n"
                + string.Join('\n', missing.Select(r => r.ToString()).Distinct())
        );
    }

    private IReadOnlyList<PolicyRule> RulesBound(JsonObject binding, string namespaceName)
    {
        var role = binding.Child("roleRef");
        var (kind, path) =
            role.Text("kind") == "ClusterRole"
                ? (RbacKinds.ClusterRole, role.Text("name"))
                : (RbacKinds.Role, $"{namespaceName}/{role.Text("name")}");
        return caches.Of(kind).Current.Find(path) is { } found
            ? [.. DeepJson.Node(found.ToArray()).Objects("rules").Select(PolicyRule.FromDocument)]
            : throw StatusErrors.NotFound(kind, role.Text("name"));
    }

    private async ValueTask<bool> MayAsync(AdmissionRequest request, JsonObject value, bool binds, CancellationToken cancellationToken)
    {
        var role = value.Child("roleRef");
        var resource = binds ? (role.Text("kind") == "ClusterRole" ? "clusterroles" : "roles") : request.Kind.Plural;
        var name = binds ? role.Text("name") : value.Child("metadata").Text("name");
        var asked = new RequestInfo("", true, binds ? "bind" : "escalate", RbacKinds.Group, "v1", request.Key.Namespace, resource, name);
        return await authorizer.IsAllowedAsync(
            asked,
            new ApiRequest
            {
                Method = "POST",
                Path = "",
                User = request.Call.User,
            },
            cancellationToken
        );
    }
}
