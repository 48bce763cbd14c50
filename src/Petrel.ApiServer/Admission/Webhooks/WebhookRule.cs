using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Admission.Webhooks;

/// <summary>What rules compare: operation, group, version, resource and scope.</summary>
/// <param name="Operation"><c>CREATE</c>, <c>UPDATE</c>, <c>DELETE</c> or <c>CONNECT</c>.</param>
/// <param name="Group">API group, empty for the core.</param>
/// <param name="Version">API version.</param>
/// <param name="Resource">Plural name.</param>
/// <param name="Subresource">Subresource, or empty.</param>
/// <param name="Namespaced">Whether the object is in a namespace; a Namespace itself is not.</param>
internal sealed record RuleTarget(string Operation, string Group, string Version, string Resource, string Subresource, bool Namespaced);

/// <summary>One rule of a webhook (admissionregistration/v1 RuleWithOperations): which requests it is about.</summary>
internal sealed record WebhookRule(
    IReadOnlyList<string> Operations,
    IReadOnlyList<string> Groups,
    IReadOnlyList<string> Versions,
    IReadOnlyList<string> Resources,
    string Scope
)
{
    private const string Any = "*";

    public static WebhookRule Read(JsonObject rule) =>
        new(
            [.. rule.Texts("operations")],
            [.. rule.Texts("apiGroups")],
            [.. rule.Texts("apiVersions")],
            [.. rule.Texts("resources")],
            rule.Text("scope") is { Length: > 0 } scope ? scope : Any
        );

    public bool Matches(RuleTarget target) =>
        Names(Operations, target.Operation)
        && Names(Groups, target.Group)
        && Names(Versions, target.Version)
        && InScope(target)
        && Resources.Any(r => IsResource(r, target));

    private static bool Names(IReadOnlyList<string> list, string value) => list.Contains(Any) || list.Contains(value);

    private bool InScope(RuleTarget target) =>
        Scope switch
        {
            "Namespaced" => target.Namespaced,
            "Cluster" => !target.Namespaced,
            _ => true,
        };

    // "pods", "pods/log", "pods/*", "*/scale"; "*" alone means no subresources.
    private static bool IsResource(string pattern, RuleTarget target)
    {
        var slash = pattern.IndexOf('/', StringComparison.Ordinal);
        var (resource, subresource) = slash < 0 ? (pattern, "") : (pattern[..slash], pattern[(slash + 1)..]);
        return (resource == Any || resource == target.Resource) && (subresource == Any || subresource == target.Subresource);
    }
}
