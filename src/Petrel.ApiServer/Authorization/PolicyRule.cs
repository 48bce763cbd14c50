using System.Text.Json.Nodes;
using Petrel.ApiServer.Requests;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authorization;

/// <summary>What a role allows (rbac.authorization.k8s.io/v1 PolicyRule).</summary>
/// <param name="Verbs">What may be done; <c>*</c> is everything.</param>
/// <param name="ApiGroups">Groups of resources; the core group is empty, <c>*</c> is all.</param>
/// <param name="Resources">Resources (<c>pods</c>), their subresources (<c>pods/log</c>), a subresource of all (<c>*/scale</c>), or
/// everything (<c>*</c>).</param>
/// <param name="ResourceNames">The objects; none means all.</param>
/// <param name="NonResourceUrls">Paths that are no resources; a trailing <c>*</c> stands for anything.</param>
public sealed record PolicyRule(
    IReadOnlyList<string> Verbs,
    IReadOnlyList<string> ApiGroups,
    IReadOnlyList<string> Resources,
    IReadOnlyList<string> ResourceNames,
    IReadOnlyList<string> NonResourceUrls
)
{
    private const string All = "*";

    public static PolicyRule FromDocument(JsonObject rule) =>
        new(
            [.. rule.Texts("verbs")],
            [.. rule.Texts("apiGroups")],
            [.. rule.Texts("resources")],
            [.. rule.Texts("resourceNames")],
            [.. rule.Texts("nonResourceURLs")]
        );

    public JsonObject ToDocument()
    {
        var document = new JsonObject();
        void Put(string name, IReadOnlyList<string> values)
        {
            if (values.Count > 0)
            {
                document[name] = new JsonArray([.. values.Select(v => (JsonNode)v)]);
            }
        }
        Put("apiGroups", ApiGroups);
        Put("nonResourceURLs", NonResourceUrls);
        Put("resourceNames", ResourceNames);
        Put("resources", Resources);
        Put("verbs", Verbs);
        return document;
    }

    /// <summary>Whether the rule allows what a request asks for.</summary>
    public bool Allows(RequestInfo request)
    {
        if (!Verbs.Contains(All) && !Verbs.Contains(request.Verb))
        {
            return false;
        }
        if (!request.IsResource)
        {
            return NonResourceUrls.Any(pattern => MatchesUrl(pattern, request.Path));
        }
        var resource = request.Subresource.Length == 0 ? request.Resource : $"{request.Resource}/{request.Subresource}";
        return (ApiGroups.Contains(All) || ApiGroups.Contains(request.Group))
            && Resources.Any(r => r == All || r == resource || (request.Subresource.Length > 0 && r == $"*/{request.Subresource}"))
            && (ResourceNames.Count == 0 || ResourceNames.Contains(request.AuthorizedName));
    }

    /// <summary>
    /// What of these rules the owner's rules do not allow (upstream: rulevalidation.Covers). Each combination of verb, group, resource and
    /// name is looked for in one rule.
    /// </summary>
    public static IReadOnlyList<PolicyRule> Uncovered(IReadOnlyList<PolicyRule> owner, IEnumerable<PolicyRule> wanted) =>
        [.. wanted.SelectMany(static rule => rule.Atoms()).Where(atom => !owner.Any(o => o.CoversAtom(atom)))];

    /// <summary>
    /// Rules as refusals list them, in order: those of one resource that differ only in their verbs become one (upstream: CompactRules).
    /// </summary>
    public static IReadOnlyList<string> Compact(IEnumerable<PolicyRule> rules) =>
        [
            .. rules
                .Select(
                    static (rule, index) =>
                        (Rule: rule, Key: rule.IsOfOneResource ? $"{rule.ApiGroups[0]}/{rule.Resources[0]}" : $"{index}")
                )
                .GroupBy(static r => r.Key, static r => r.Rule, StringComparer.Ordinal)
                .Select(static same => (same.First() with { Verbs = [.. same.SelectMany(r => r.Verbs).Distinct()] }).ToString())
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>As upstream prints a rule in refusals.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        void Show(string name, IReadOnlyList<string> values)
        {
            if (values.Count > 0)
            {
                parts.Add($"{name}:[{string.Join(' ', values.Select(v => $"\"{v}\""))}]");
            }
        }
        Show("APIGroups", ApiGroups);
        Show("Resources", Resources);
        Show("NonResourceURLs", NonResourceUrls);
        Show("ResourceNames", ResourceNames);
        Show("Verbs", Verbs);
        return $"{{{string.Join(", ", parts)}}}";
    }

    private static bool MatchesUrl(string pattern, string path) =>
        pattern == All
        || pattern == path
        || (pattern.EndsWith('*') && path.StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal));

    private bool IsOfOneResource => ApiGroups.Count == 1 && Resources.Count == 1 && ResourceNames.Count == 0 && NonResourceUrls.Count == 0;

    private IEnumerable<PolicyRule> Atoms()
    {
        foreach (var verb in Verbs)
        {
            foreach (var url in NonResourceUrls)
            {
                yield return new([verb], [], [], [], [url]);
            }
            foreach (var group in ApiGroups)
            {
                foreach (var resource in Resources)
                {
                    if (ResourceNames.Count == 0)
                    {
                        yield return new([verb], [group], [resource], [], []);
                    }
                    foreach (var name in ResourceNames)
                    {
                        yield return new([verb], [group], [resource], [name], []);
                    }
                }
            }
        }
    }

    private bool CoversAtom(PolicyRule atom)
    {
        if (!Verbs.Contains(All) && !Verbs.Contains(atom.Verbs[0]))
        {
            return false;
        }
        if (atom.NonResourceUrls.Count > 0)
        {
            return NonResourceUrls.Any(pattern => MatchesUrl(pattern, atom.NonResourceUrls[0]));
        }
        var resource = atom.Resources[0];
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        return (ApiGroups.Contains(All) || ApiGroups.Contains(atom.ApiGroups[0]))
            && Resources.Any(r => r == All || r == resource || (slash >= 0 && r == $"*{resource[slash..]}"))
            && (ResourceNames.Count == 0 || (atom.ResourceNames.Count > 0 && ResourceNames.Contains(atom.ResourceNames[0])));
    }
}
