using System.Text.Json;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>The kinds that the API serves at one moment.</summary>
/// <param name="Kinds">
/// Every kind in every version, ordered by group, plural and version. The preferred version of a kind comes first.
/// </param>
/// <param name="Failures">The groups and versions that could not be read, with the reason. Their kinds are unknown.</param>
public sealed record DiscoveredKinds(IReadOnlyList<ResourceKind> Kinds, IReadOnlyDictionary<string, string> Failures)
{
    /// <summary>Finds the kind with this <c>apiVersion</c> and <c>kind</c>; null when the API does not serve it.</summary>
    public ResourceKind? Find(string apiVersion, string kind) =>
        Kinds.FirstOrDefault(k => k.Gvk.Kind == kind && k.Gvk.ApiVersion == apiVersion);

    /// <summary>Each kind once, in its preferred version.</summary>
    public IEnumerable<ResourceKind> Preferred => Kinds.Where(k => k.Preferred);
}

/// <summary>
/// Discovers the kinds that the API serves. Servers with aggregated discovery (Kubernetes since 1.27) need two requests; others are read
/// group by group.
/// </summary>
public sealed class ApiDiscovery(ApiClient client)
{
    private const string Plain = "application/json";
    private const string Aggregated = $"{Plain};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,{Plain}";

    /// <summary>
    /// Reads all groups. Throws when the list of groups cannot be read. A group that cannot be read is in
    /// <see cref="DiscoveredKinds.Failures"/>.
    /// </summary>
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

    // Each group's preferred version comes first.
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

    // Versions are added in order of preference.
    private sealed class Findings
    {
        private readonly List<ResourceKind> _kinds = [];
        private readonly SortedDictionary<string, string> _failures = new(StringComparer.Ordinal);
        private readonly HashSet<(string Group, string Plural)> _seen = [];

        public void Fail(string apiVersion, string reason) => _failures[apiVersion] = reason;

        /// <summary>
        /// Adds an APIGroupDiscoveryList (apidiscovery.k8s.io/v2), which lists each group's versions in order of preference.
        /// </summary>
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
                        // The aggregated API server behind the group did not respond.
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

        /// <summary>Adds an APIResourceList (meta/v1).</summary>
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
