using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Rbac;

/// <summary>The rules that a ClusterRole with an <c>aggregationRule</c> gathers from the roles that it selects.</summary>
internal static class AggregatedRules
{
    /// <summary>The rules of an aggregated role, in the order of the names of <paramref name="all"/>; null for other roles.</summary>
    public static JsonArray? Of(JsonObject role, IReadOnlyList<JsonObject> all)
    {
        if (!role.Has("aggregationRule"))
        {
            return null;
        }
        var rules = new JsonArray();
        foreach (var other in all.Where(r => Selects(role, r)).OrderBy(r => r.Metadata().Text("name"), StringComparer.Ordinal))
        {
            foreach (var rule in other.Objects("rules").Where(rule => !rules.Any(r => JsonNode.DeepEquals(r, rule))))
            {
                rules.Add(rule.DeepClone());
            }
        }
        return rules;
    }

    /// <summary>Whether a role gathers the rules of another one.</summary>
    public static bool Selects(JsonObject role, JsonObject other)
    {
        if (role.Child("aggregationRule") is not { } aggregation || other.Metadata().Text("name") == role.Metadata().Text("name"))
        {
            return false;
        }
        var labels = JsonSerializer.SerializeToElement(other.Metadata().Child("labels") ?? []);
        return aggregation.Objects("clusterRoleSelectors").Any(s => LabelSelector.FromDocument(s).Matches(labels));
    }
}
