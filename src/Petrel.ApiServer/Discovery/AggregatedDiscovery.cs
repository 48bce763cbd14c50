using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Discovery.ResourceLists;

namespace Petrel.ApiServer.Discovery;

/// <summary>Discovery in one document (apidiscovery.k8s.io APIGroupDiscoveryList): what kubectl asks for since 1.27.</summary>
internal static class AggregatedDiscovery
{
    /// <summary>The core group (for <c>/api</c>) or all others (for <c>/apis</c>).</summary>
    public static JsonObject Write(KindRegistry kinds, bool core, string apiVersion) =>
        new()
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = $"apidiscovery.k8s.io/{apiVersion}",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([
                .. kinds
                    .GroupVersions.Where(g => g.Group.Length == 0 == core)
                    .GroupBy(g => g.Group)
                    .Select(group => new JsonObject
                    {
                        ["metadata"] = group.Key.Length == 0 ? new JsonObject() : new JsonObject { ["name"] = group.Key },
                        ["versions"] = new JsonArray([.. group.Select(version => Version(kinds, version))]),
                    }),
            ]),
        };

    private static JsonObject Version(KindRegistry kinds, GroupVersionKinds version) =>
        new()
        {
            ["version"] = version.Version,
            ["resources"] = new JsonArray([.. version.Kinds.Select(kind => Resource(kinds, kind))]),
            ["freshness"] = "Current",
        };

    private static JsonObject Resource(KindRegistry kinds, KindDefinition kind)
    {
        var resource = new JsonObject
        {
            ["resource"] = kind.Plural,
            ["responseKind"] = Kind(kind.Gvk),
            ["scope"] = kind.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = kind.Singular,
            ["verbs"] = Strings(kind.Verbs),
        };
        if (kind.ShortNames.Count > 0)
        {
            resource["shortNames"] = Strings(kind.ShortNames);
        }
        if (kind.Categories.Count > 0)
        {
            resource["categories"] = Strings(kind.Categories);
        }
        var subresources = kinds
            .SubresourcesOf(kind)
            .Select(s => new JsonObject
            {
                ["subresource"] = s.Name,
                ["responseKind"] = Kind(s.KindBelow(kind)),
                ["verbs"] = Strings(s.Verbs),
            })
            .ToArray();
        if (subresources.Length > 0)
        {
            resource["subresources"] = new JsonArray(subresources);
        }
        return resource;
    }

    private static JsonObject Kind(GroupVersionKind kind) =>
        new()
        {
            ["group"] = kind.Group,
            ["version"] = kind.Version,
            ["kind"] = kind.Kind,
        };
}
