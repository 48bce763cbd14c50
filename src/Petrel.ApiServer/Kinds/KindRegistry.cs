using System.Collections.Frozen;
using Petrel.Model;

namespace Petrel.ApiServer.Kinds;

/// <summary>
/// All kinds that a server serves, in the order of discovery. Custom kinds are added and removed at run time: each reader sees one
/// state of the registry, and <see cref="Version"/> tells whether it is the newest.
/// </summary>
public sealed class KindRegistry
{
    private readonly IReadOnlyList<KindDefinition> _builtIn;
    private readonly IReadOnlyList<SubresourceDefinition> _subresources;
    private volatile KindTable _table;

    /// <exception cref="ArgumentException">Two rows for one resource or kind.</exception>
    public KindRegistry(IEnumerable<KindDefinition> kinds, IEnumerable<SubresourceDefinition> subresources)
    {
        _builtIn = [.. kinds];
        _subresources = [.. subresources.OrderBy(s => s.Name, StringComparer.Ordinal)];
        _table = new KindTable(_builtIn, 0);
    }

    /// <summary>Counts the changes of the registry.</summary>
    public long Version => _table.Version;

    public IReadOnlyList<KindDefinition> All => _table.All;

    /// <summary>The same rows by group and version; of each group, the version that clients should prefer comes first.</summary>
    public IReadOnlyList<GroupVersionKinds> GroupVersions => _table.GroupVersions;

    /// <summary>The kind that a path names, or null.</summary>
    public KindDefinition? Find(string group, string version, string plural) =>
        _table.ByResource.GetValueOrDefault((group, version, plural));

    /// <summary>The kind that a document names, or null.</summary>
    public KindDefinition? Find(GroupVersionKind kind) => _table.ByKind.GetValueOrDefault(kind);

    /// <summary>The subresources of a kind, by name.</summary>
    public IEnumerable<SubresourceDefinition> SubresourcesOf(KindDefinition kind) => _subresources.Where(s => s.BelongsTo(kind));

    /// <summary>A subresource of a kind, or null.</summary>
    public SubresourceDefinition? FindSubresource(KindDefinition kind, string name)
    {
        foreach (var subresource in _subresources)
        {
            if (subresource.Name == name && subresource.BelongsTo(kind))
            {
                return subresource;
            }
        }
        return null;
    }

    /// <summary>A registry with the same built-in kinds, for one server to add custom kinds to.</summary>
    public KindRegistry Fork() => new(_builtIn, _subresources);

    /// <summary>Replaces the custom kinds.</summary>
    public void Serve(IEnumerable<KindDefinition> custom) => _table = new KindTable([.. _builtIn, .. custom], _table.Version + 1);

    private sealed class KindTable
    {
        public KindTable(IEnumerable<KindDefinition> kinds, long version)
        {
            Version = version;
            // The core group comes first, then groups by name; the preferred version first; within a group-version, resources by name.
            All =
            [
                .. kinds
                    .OrderBy(k => k.Gvk.Group, StringComparer.Ordinal)
                    .ThenBy(k => k.Gvk.Version, VersionOrder.Instance)
                    .ThenBy(k => k.Plural, StringComparer.Ordinal),
            ];
            GroupVersions =
            [
                .. All.GroupBy(k => (k.Gvk.Group, k.Gvk.Version)).Select(g => new GroupVersionKinds(g.Key.Group, g.Key.Version, [.. g])),
            ];
            ByResource = All.ToFrozenDictionary(k => (k.Gvk.Group, k.Gvk.Version, k.Plural));
            ByKind = All.ToFrozenDictionary(k => k.Gvk);
        }

        public long Version { get; }
        public IReadOnlyList<KindDefinition> All { get; }
        public IReadOnlyList<GroupVersionKinds> GroupVersions { get; }
        public FrozenDictionary<(string Group, string Version, string Plural), KindDefinition> ByResource { get; }
        public FrozenDictionary<GroupVersionKind, KindDefinition> ByKind { get; }
    }
}

/// <summary>The kinds of one version of one group.</summary>
public sealed record GroupVersionKinds(string Group, string Version, IReadOnlyList<KindDefinition> Kinds)
{
    /// <summary>What <c>apiVersion</c> says: <c>v1</c>, <c>apps/v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The root of its paths without the leading slash: <c>api/v1</c>, <c>apis/apps/v1</c>.</summary>
    public string Root => Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
}
