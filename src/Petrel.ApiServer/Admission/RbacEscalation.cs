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
/// binding must hold the role's rules or have the right to <c>bind</c> it (upstream: the policybased storage of the RBAC registry). Every
/// update is judged, since labels alone pass a role's rules on to the roles that aggregate it.
/// </summary>
internal sealed class RbacEscalation(CacheHub caches, ClusterAuthorizer authorizer) : IAdmissionPlugin
{
    // All rights, which an aggregationRule needs: it gathers rules that do not exist yet.
    private static readonly PolicyRule[] Everything = [new(["*"], ["*"], ["*"], [], []), new(["*"], [], [], [], ["*"])];

    public string Name => "RBACEscalation";

    public bool Handles(AdmissionRequest request) =>
        request.Kind.Gvk.Group == RbacKinds.Group
        && request.Operation is AdmissionOperation.Create or AdmissionOperation.Update
        && !request.Call.User.Groups.Contains(UserInfo.MastersGroup);

    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Old is { } old && JsonEquality.DeepEquals(WithoutCollection(request.Object!), WithoutCollection(old)))
        {
            return;
        }
        await caches.WaitUntilCurrentAsync(cancellationToken);
        if (request.Kind.Gvk.Kind.EndsWith("Binding", StringComparison.Ordinal))
        {
            await ValidateBindingAsync(request, cancellationToken);
        }
        else
        {
            await ValidateRoleAsync(request, cancellationToken);
        }
    }

    private async ValueTask ValidateBindingAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var reference = request.Object!.Child("roleRef");
        var kind = reference.Text("kind") == "ClusterRole" ? RbacKinds.ClusterRole : RbacKinds.Role;
        var name = reference.Text("name");
        if (await MayAsync(request, "bind", kind.Plural, name, cancellationToken))
        {
            return;
        }
        var path = kind.Namespaced ? $"{request.Key.Namespace}/{name}" : name;
        var role = caches.Of(kind).Current.Find(path) is { } found
            ? DeepJson.Node(found.ToArray())!.AsObject()
            : throw StatusErrors.NotFound(kind, name);
        if (Missing(request, RulesOf(role)) is { Count: > 0 } missing)
        {
            throw Refused(request, missing);
        }
    }

    private async ValueTask ValidateRoleAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        var role = request.Object!;
        var missing = Missing(request, RulesOf(role));
        var aggregates = Aggregates(role) || Aggregates(request.Old);
        if (missing.Count == 0 && (!aggregates || Missing(request, Everything).Count == 0))
        {
            return;
        }
        if (!await MayAsync(request, "escalate", request.Kind.Plural, NameOf(request, role), cancellationToken))
        {
            throw missing.Count > 0
                ? Refused(request, missing)
                : StatusErrors.Forbidden(
                    request.Kind,
                    NameOf(request, role),
                    "must have cluster-admin privileges to use the aggregationRule"
                );
        }
        if (ReferenceEquals(request.Kind, RbacKinds.ClusterRole))
        {
            await ValidateAggregationAsync(request, role, cancellationToken);
        }
    }

    // The right to escalate this role is none to escalate the roles that gather its rules.
    private async ValueTask ValidateAggregationAsync(AdmissionRequest request, JsonObject role, CancellationToken cancellationToken)
    {
        var snapshot = caches.Of(RbacKinds.ClusterRole).Current;
        var all = snapshot.Between(0, snapshot.Objects.Count).Select(o => DeepJson.Node(o.ToArray())!.AsObject()).ToList();
        var given = Missing(
            request,
            AggregatedRules.Of(role, all) is { } gathered ? RulesOf(new JsonObject { ["rules"] = gathered }) : RulesOf(role)
        );
        var passed = new HashSet<string>(StringComparer.Ordinal) { NameOf(request, role) };
        var next = new Queue<JsonObject>([role]);
        while (next.TryDequeue(out var source))
        {
            foreach (var other in all.Where(r => AggregatedRules.Selects(r, source) && passed.Add(r.Metadata().Text("name"))))
            {
                var name = other.Metadata().Text("name");
                var gained = PolicyRule.Uncovered(RulesOf(other), given);
                if (gained.Count > 0 && !await MayAsync(request, "escalate", RbacKinds.ClusterRole.Plural, name, cancellationToken))
                {
                    throw Refused(request, gained, $" through the aggregated ClusterRole \"{name}\"");
                }
                next.Enqueue(other);
            }
        }
    }

    /// <summary>What of these rules the author does not hold.</summary>
    private IReadOnlyList<PolicyRule> Missing(AdmissionRequest request, IEnumerable<PolicyRule> wanted) =>
        PolicyRule.Uncovered([.. authorizer.Rbac.RulesOf(request.Call.User, request.Key.Namespace)], wanted);

    private static IReadOnlyList<PolicyRule> RulesOf(JsonObject role) => [.. role.Objects("rules").Select(PolicyRule.FromDocument)];

    private static bool Aggregates(JsonObject? role) => role.Child("aggregationRule").Objects("clusterRoleSelectors").Any();

    private static string NameOf(AdmissionRequest request, JsonObject value) =>
        request.Key.Name.Length > 0 ? request.Key.Name : value.Child("metadata").Text("name");

    private static StatusException Refused(AdmissionRequest request, IReadOnlyList<PolicyRule> missing, string way = "")
    {
        var user = request.Call.User;
        return StatusErrors.Forbidden(
            request.Kind,
            NameOf(request, request.Object!),
            $"user \"{user.Name}\" (groups=[{string.Join(' ', user.Groups.Select(g => $"\"{g}\""))}]) is attempting to grant "
                + $"RBAC permissions not currently held{way}:\n"
                + string.Join('\n', PolicyRule.Compact(missing))
        );
    }

    // What the garbage collector must change to delete an object grants nothing.
    private static JsonObject WithoutCollection(JsonObject document)
    {
        var copy = document.DeepClone().AsObject();
        foreach (var field in (string[])["ownerReferences", "finalizers", "managedFields", "resourceVersion"])
        {
            copy.Metadata().Remove(field);
        }
        return copy;
    }

    private async ValueTask<bool> MayAsync(
        AdmissionRequest request,
        string verb,
        string resource,
        string name,
        CancellationToken cancellationToken
    )
    {
        var asked = new RequestInfo("", true, verb, RbacKinds.Group, "v1", request.Key.Namespace, resource, name);
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
