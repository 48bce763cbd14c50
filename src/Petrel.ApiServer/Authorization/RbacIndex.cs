using System.Text.Json.Nodes;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds.Rbac;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authorization;

/// <summary>All roles and bindings as of one state of their caches, by subject. Immutable.</summary>
internal sealed class RbacIndex
{
    private readonly Dictionary<string, List<Grant>> _grants = new(StringComparer.Ordinal);

    private RbacIndex(Snapshot[] source) => Source = source;

    /// <summary>The snapshots that the index was built from.</summary>
    public Snapshot[] Source { get; }

    /// <summary>The caches' newest state.</summary>
    public static Snapshot[] Read(CacheHub caches) =>
        [
            .. new[] { RbacKinds.Role, RbacKinds.ClusterRole, RbacKinds.RoleBinding, RbacKinds.ClusterRoleBinding }.Select(k =>
                caches.Of(k).Current
            ),
        ];

    public static RbacIndex Build(Snapshot[] source)
    {
        var index = new RbacIndex(source);
        var roles = Documents(source[0])
            .ToDictionary(d => $"{d.Metadata().Text("namespace")}/{d.Metadata().Text("name")}", Rules, StringComparer.Ordinal);
        var clusterRoles = Documents(source[1]).ToDictionary(d => d.Metadata().Text("name"), Rules, StringComparer.Ordinal);
        foreach (var binding in Documents(source[2]).Concat(Documents(source[3])))
        {
            var scope = binding.Metadata().Text("namespace");
            var role = binding.Child("roleRef");
            var name = role.Text("name");
            var rules =
                role.Text("kind") == "ClusterRole" ? clusterRoles.GetValueOrDefault(name) : roles.GetValueOrDefault($"{scope}/{name}");
            var missing = rules is null
                ? $"{(role.Text("kind") == "ClusterRole" ? "clusterrole" : "role")}.{RbacKinds.Group} \"{name}\" not found"
                : "";
            foreach (var subject in binding.Objects("subjects"))
            {
                var key = subject.Text("kind") switch
                {
                    "Group" => GroupKey(subject.Text("name")),
                    "ServiceAccount" => UserKey(
                        $"system:serviceaccount:{(subject.Text("namespace") is { Length: > 0 } ns ? ns : scope)}:{subject.Text("name")}"
                    ),
                    _ => UserKey(subject.Text("name")),
                };
                if (!index._grants.TryGetValue(key, out var grants))
                {
                    index._grants[key] = grants = [];
                }
                grants.Add(new(scope, rules ?? [], missing));
            }
        }
        return index;
    }

    /// <summary>The grants of a user in a namespace; cluster-wide ones only when it is empty.</summary>
    public IEnumerable<Grant> Of(UserInfo user, string namespaceName) =>
        user
            .Groups.Select(GroupKey)
            .Prepend(UserKey(user.Name))
            .SelectMany(key => _grants.GetValueOrDefault(key) ?? [])
            .Where(grant => grant.Namespace.Length == 0 || grant.Namespace == namespaceName);

    private static string UserKey(string name) => "u:" + name;

    private static string GroupKey(string name) => "g:" + name;

    private static IEnumerable<JsonObject> Documents(Snapshot snapshot) =>
        snapshot.Between(0, snapshot.Objects.Count).Select(o => DeepJson.Node(o.ToArray())!.AsObject());

    private static IReadOnlyList<PolicyRule> Rules(JsonObject role) => [.. role.Objects("rules").Select(PolicyRule.FromDocument)];
}

/// <summary>A role that is bound to a subject.</summary>
/// <param name="Namespace">Where; empty for everywhere.</param>
/// <param name="Rules">What it allows.</param>
/// <param name="Missing">What to tell when the role is not there; else empty.</param>
internal sealed record Grant(string Namespace, IReadOnlyList<PolicyRule> Rules, string Missing);
