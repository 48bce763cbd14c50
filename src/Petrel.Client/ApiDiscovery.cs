using System.Text.Json;
using Petrel.Model;

namespace Petrel.Client;

/// <summary>What the API offers at a time.</summary>
/// <param name="Kinds">Every kind in every version, by group, plural and version; each in its preferred version first.</param>
/// <param name="Failures">The groups and versions that could not be read, with the reason: of their kinds, nothing is known.</param>
public sealed record DiscoveredKinds(IReadOnlyList<ResourceKind> Kinds, IReadOnlyDictionary<string, string> Failures)
{
    /// <summary>The kind that an <c>apiVersion</c> and <c>kind</c> name, or null.</summary>
    public ResourceKind? Find(string apiVersion, string kind) => Kinds.FirstOrDefault(k => k.Gvk.Kind == kind && k.Gvk.ApiVersion == apiVersion);

    /// <summary>Each kind once, in its preferred version.</summary>
    public IEnumerable<ResourceKind> Preferred => Kinds.Where(k => k.Preferred);
}

/// <summary>Reads what kinds the API offers, without knowing any.</summary>
public sealed class ApiDiscovery(ApiClient client)
{
    /// <summary>Reads all groups. Fails when not even these can be read; a group that can't is a failure in the answer.</summary>
    public async ValueTask<DiscoveredKinds> ReadAsync(CancellationToken cancellationToken)
    {
        var kinds = new List<ResourceKind>();
        var failures = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var seen = new HashSet<(string Group, string Plural)>();
        foreach (var apiVersion in await VersionsAsync(cancellationToken))
        {
            try
            {
                using var list = await GetAsync(ResourceKind.RootOf(apiVersion), cancellationToken);
                foreach (var entry in list.RootElement.GetProperty("resources").EnumerateArray())
                {
                    var plural = entry.GetProperty("name").GetString()!;
                    if (plural.Contains('/', StringComparison.Ordinal))
                    {
                        // A subresource.
                        continue;
                    }
                    var gvk = GroupVersionKind.From(apiVersion, entry.GetProperty("kind").GetString()!);
                    string[] verbs = [.. entry.GetProperty("verbs").EnumerateArray().Select(v => v.GetString()!)];
                    kinds.Add(new(gvk, plural, entry.GetProperty("namespaced").GetBoolean(), verbs, Preferred: seen.Add((gvk.Group, plural))));
                }
            }
            catch (Exception e) when (e is ApiException or IOException or HttpRequestException)
            {
                failures[apiVersion] = e.Message;
            }
        }
        kinds.Sort(Compare);
        return new(kinds, failures);
    }

    /// <summary>Every apiVersion; of each group, the preferred one first.</summary>
    private async ValueTask<IReadOnlyList<string>> VersionsAsync(CancellationToken cancellationToken)
    {
        var versions = new List<string>();
        using (var core = await GetAsync("/api", cancellationToken))
        {
            versions.AddRange(core.RootElement.GetProperty("versions").EnumerateArray().Select(v => v.GetString()!));
        }
        using var groups = await GetAsync("/apis", cancellationToken);
        foreach (var group in groups.RootElement.GetProperty("groups").EnumerateArray())
        {
            var preferred = group.GetProperty("preferredVersion").GetProperty("groupVersion").GetString()!;
            versions.Add(preferred);
            versions.AddRange(group.GetProperty("versions").EnumerateArray().Select(v => v.GetProperty("groupVersion").GetString()!).Where(v => v != preferred));
        }
        return versions;
    }

    private async ValueTask<JsonDocument> GetAsync(string path, CancellationToken cancellationToken) =>
        JsonDocument.Parse((await client.SendAsync("GET", path, [], null, "", cancellationToken)).Body);

    private static int Compare(ResourceKind left, ResourceKind right)
    {
        var order = string.CompareOrdinal(left.Gvk.Group, right.Gvk.Group);
        order = order != 0 ? order : string.CompareOrdinal(left.Plural, right.Plural);
        order = order != 0 ? order : right.Preferred.CompareTo(left.Preferred);
        return order != 0 ? order : string.CompareOrdinal(left.Gvk.Version, right.Gvk.Version);
    }
}
