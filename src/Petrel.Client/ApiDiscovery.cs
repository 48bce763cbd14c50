using System.Text.Json;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>What the API offers at a time.</summary>
/// <param name="Kinds">Every kind in every version, by group, plural and version; each in its preferred version first.</param>
/// <param name="Failures">The groups and versions that could not be read, with the reason: of their kinds, nothing is known.</param>
public sealed record DiscoveredKinds(IReadOnlyList<ResourceKind> Kinds, IReadOnlyDictionary<string, string> Failures)
{
    /// <summary>The kind that an <c>apiVersion</c> and <c>kind</c> name, or null.</summary>
    public ResourceKind? Find(string apiVersion, string kind) =>
        Kinds.FirstOrDefault(k => k.Gvk.Kind == kind && k.Gvk.ApiVersion == apiVersion);

    /// <summary>Each kind once, in its preferred version.</summary>
    public IEnumerable<ResourceKind> Preferred => Kinds.Where(k => k.Preferred);
}

/// <summary>
/// Reads what kinds the API offers, without knowing any: in two requests from servers that aggregate discovery (as Kubernetes does since
/// 1.27), group by group from others.
/// </summary>
public sealed class ApiDiscovery(ApiClient client)
{
    private const string Plain = "application/json";
    private const string Aggregated = $"{Plain};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,{Plain}";

    /// <summary>Reads all groups. Fails when not even these can be read; a group that can't is a failure in the answer.</summary>
    public async ValueTask<DiscoveredKinds> ReadAsync(CancellationToken cancellationToken)
    {
        var found = new Findings();
        using var core = await GetAsync("/api", Aggregated, cancellationToken);
        using var groups = await GetAsync("/apis", Aggregated, cancellationToken);
        foreach (
            var (root, versionsOf) in new (JsonElement, Func<JsonElement, IEnumerable<string>>)[]
            {
                (core.RootElement, CoreVersions),
                (groups.RootElement, GroupVersions),
            }
        )
        {
            if (root.GetProperty("kind").GetString() == "APIGroupDiscoveryList")
            {
                found.AddGroups(root);
                continue;
            }
            foreach (var apiVersion in versionsOf(root))
            {
                await ReadAsync(apiVersion, found, cancellationToken);
            }
        }
        return found.All();
    }

    private async ValueTask ReadAsync(string apiVersion, Findings found, CancellationToken cancellationToken)
    {
        try
        {
            using var list = await GetAsync(ResourceKind.RootOf(apiVersion), Plain, cancellationToken);
            found.AddResources(apiVersion, list.RootElement);
        }
        catch (Exception e) when (e is ApiException or IOException)
        {
            found.Fail(apiVersion, e.Message);
        }
    }

    private static IEnumerable<string> CoreVersions(JsonElement core) =>
        core.GetProperty("versions").EnumerateArray().Select(v => v.GetString()!);

    // Of each group, the preferred one first.
    private static IEnumerable<string> GroupVersions(JsonElement groups)
    {
        foreach (var group in groups.GetProperty("groups").EnumerateArray())
        {
            var preferred = group.GetProperty("preferredVersion").GetProperty("groupVersion").GetString()!;
            yield return preferred;
            foreach (
                var version in group
                    .GetProperty("versions")
                    .EnumerateArray()
                    .Select(v => v.GetProperty("groupVersion").GetString()!)
                    .Where(v => v != preferred)
            )
            {
                yield return version;
            }
        }
    }

    private async ValueTask<JsonDocument> GetAsync(string path, string accept, CancellationToken cancellationToken) =>
        JsonDocument.Parse((await client.SendAsync("GET", path, [], null, "", cancellationToken, accept)).Body);

    // Versions are added in the order of preference.
    private sealed class Findings
    {
        private readonly List<ResourceKind> _kinds = [];
        private readonly SortedDictionary<string, string> _failures = new(StringComparer.Ordinal);
        private readonly HashSet<(string Group, string Plural)> _seen = [];

        public void Fail(string apiVersion, string reason) => _failures[apiVersion] = reason;

        /// <summary>apidiscovery.k8s.io/v2 APIGroupDiscoveryList: the versions of each group stand in the order of preference.</summary>
        public void AddGroups(JsonElement list)
        {
            foreach (var group in list.GetProperty("items").EnumerateArray())
            {
                var name = group.GetProperty("metadata").TryGetProperty("name", out var given) ? given.GetString()! : "";
                foreach (var entry in group.GetProperty("versions").EnumerateArray())
                {
                    var version = entry.GetProperty("version").GetString()!;
                    if (entry.TryGetProperty("freshness", out var freshness) && freshness.ValueEquals("Stale"))
                    {
                        // The server behind the group did not answer.
                        Fail(name.Length == 0 ? version : $"{name}/{version}", "what the group offers is not known");
                        continue;
                    }
                    foreach (var resource in entry.TryGetProperty("resources", out var resources) ? resources.EnumerateArray() : default)
                    {
                        var kind = new GroupVersionKind(
                            name,
                            version,
                            resource.GetProperty("responseKind").GetProperty("kind").GetString()!
                        );
                        Add(
                            kind,
                            resource.GetProperty("resource").GetString()!,
                            resource.GetProperty("scope").ValueEquals("Namespaced"),
                            resource
                        );
                    }
                }
            }
        }

        /// <summary>meta/v1 APIResourceList.</summary>
        public void AddResources(string apiVersion, JsonElement list)
        {
            foreach (var entry in list.GetProperty("resources").EnumerateArray())
            {
                var plural = entry.GetProperty("name").GetString()!;
                if (!plural.Contains('/', StringComparison.Ordinal))
                {
                    Add(
                        GroupVersionKind.From(apiVersion, entry.GetProperty("kind").GetString()!),
                        plural,
                        entry.GetProperty("namespaced").GetBoolean(),
                        entry
                    );
                }
            }
        }

        public DiscoveredKinds All()
        {
            _kinds.Sort(Compare);
            return new(_kinds, _failures);
        }

        private void Add(GroupVersionKind kind, string plural, bool namespaced, JsonElement entry)
        {
            string[] verbs = [.. entry.GetProperty("verbs").EnumerateArray().Select(v => v.GetString()!)];
            _kinds.Add(new(kind, plural, namespaced, verbs, Preferred: _seen.Add((kind.Group, plural))));
        }

        private static int Compare(ResourceKind left, ResourceKind right)
        {
            var order = string.CompareOrdinal(left.Gvk.Group, right.Gvk.Group);
            order = order != 0 ? order : string.CompareOrdinal(left.Plural, right.Plural);
            order = order != 0 ? order : right.Preferred.CompareTo(left.Preferred);
            return order != 0 ? order : string.CompareOrdinal(left.Gvk.Version, right.Gvk.Version);
        }
    }
}
