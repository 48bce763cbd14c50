using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Discovery;

/// <summary>Discovery's older form, one document a level: APIVersions, APIGroupList, APIGroup, APIResourceList.</summary>
internal static class ResourceLists
{
    /// <summary><c>/api</c>.</summary>
    public static JsonObject CoreVersions(KindRegistry kinds) =>
        new()
        {
            ["kind"] = "APIVersions",
            ["versions"] = Strings(kinds.GroupVersions.Where(g => g.Group.Length == 0).Select(g => g.Version)),
            ["serverAddressByClientCIDRs"] = new JsonArray(),
        };

    /// <summary><c>/apis</c>.</summary>
    public static JsonObject Groups(KindRegistry kinds) =>
        new()
        {
            ["kind"] = "APIGroupList",
            ["apiVersion"] = "v1",
            ["groups"] = new JsonArray([.. kinds.GroupVersions.Where(g => g.Group.Length > 0).GroupBy(g => g.Group).Select(GroupEntry)]),
        };

    /// <summary><c>/apis/GROUP</c>; null when there is no such group.</summary>
    public static JsonObject? Group(KindRegistry kinds, string group)
    {
        var versions = kinds.GroupVersions.Where(g => g.Group == group).GroupBy(g => g.Group).FirstOrDefault();
        return versions is null || group.Length == 0
            ? null
            : new JsonObject([
                KeyValuePair.Create("kind", (JsonNode?)"APIGroup"),
                KeyValuePair.Create("apiVersion", (JsonNode?)"v1"),
                .. Detached(GroupEntry(versions)),
            ]);
    }

    /// <summary><c>/api/v1</c>, <c>/apis/GROUP/VERSION</c>.</summary>
    public static JsonObject Resources(KindRegistry kinds, GroupVersionKinds version) =>
        new()
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = version.ApiVersion,
            ["resources"] = new JsonArray([.. version.Kinds.SelectMany(kind => Entries(kinds, kind))]),
        };

    public static JsonArray Strings(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private static JsonObject GroupEntry(IGrouping<string, GroupVersionKinds> versions) =>
        new()
        {
            ["name"] = versions.Key,
            ["versions"] = new JsonArray([.. versions.Select(Version)]),
            ["preferredVersion"] = Version(versions.First()),
        };

    private static JsonObject Version(GroupVersionKinds version) =>
        new() { ["groupVersion"] = version.ApiVersion, ["version"] = version.Version };

    private static IEnumerable<JsonObject> Entries(KindRegistry kinds, KindDefinition kind)
    {
        var entry = Entry(kind, kind.Plural, kind.Gvk, kind.Verbs);
        entry["singularName"] = kind.Singular;
        if (kind.ShortNames.Count > 0)
        {
            entry["shortNames"] = Strings(kind.ShortNames);
        }
        if (kind.Categories.Count > 0)
        {
            entry["categories"] = Strings(kind.Categories);
        }
        yield return entry;
        foreach (var subresource in kinds.SubresourcesOf(kind))
        {
            yield return Entry(kind, $"{kind.Plural}/{subresource.Name}", subresource.KindBelow(kind), subresource.Verbs);
        }
    }

    private static JsonObject Entry(KindDefinition kind, string name, GroupVersionKind shown, IReadOnlyList<string> verbs)
    {
        var entry = new JsonObject
        {
            ["name"] = name,
            ["singularName"] = "",
            ["namespaced"] = kind.Namespaced,
        };
        // Only if it differs from that of the list.
        if (shown.ApiVersion != kind.Gvk.ApiVersion)
        {
            entry["group"] = shown.Group;
            entry["version"] = shown.Version;
        }
        entry["kind"] = shown.Kind;
        entry["verbs"] = Strings(verbs);
        return entry;
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> Detached(JsonObject value)
    {
        foreach (var (name, member) in value.ToArray())
        {
            value.Remove(name);
            yield return KeyValuePair.Create(name, member);
        }
    }
}
