using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>One condition on the objects that a quota counts (v1 ScopedResourceSelectorRequirement).</summary>
/// <param name="Scope">The scope, for example <c>PriorityClass</c>.</param>
/// <param name="Operator">The operator: In, NotIn, Exists or DoesNotExist.</param>
/// <param name="Values">The values for In and NotIn.</param>
public sealed record ScopeSelector(string Scope, string Operator, IReadOnlyList<string> Values)
{
    /// <summary>All conditions of a quota: its plain scopes, then its scope selector. An object must match all of them.</summary>
    public static IReadOnlyList<ScopeSelector> Of(JsonObject? quotaSpec) =>
        [
            .. quotaSpec.Texts("scopes").Select(scope => new ScopeSelector(scope, "Exists", [])),
            .. quotaSpec
                .Child("scopeSelector")
                .Objects("matchExpressions")
                .Select(e => new ScopeSelector(e.Text("scopeName"), e.Text("operator"), [.. e.Texts("values")])),
        ];

    /// <summary>Whether the names that an object has for the scope (none, one or several) match the condition.</summary>
    public bool Meets(IReadOnlyCollection<string> names) =>
        Operator switch
        {
            "Exists" => names.Count > 0,
            "DoesNotExist" => names.Count == 0,
            "In" => names.Any(Values.Contains),
            "NotIn" => names.Count == 0 || names.Any(name => !Values.Contains(name)),
            _ => false,
        };
}
