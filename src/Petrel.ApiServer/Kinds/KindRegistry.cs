using System.Collections.Frozen;
using Petrel.Model;

namespace Petrel.ApiServer.Kinds;

/// <summary>All kinds that a server serves, in the order of discovery. Immutable.</summary>
public sealed class KindRegistry
{
    private readonly FrozenDictionary<(string Group, string Version, string Plural), KindDefinition> _byResource;
    private readonly FrozenDictionary<GroupVersionKind, KindDefinition> _byKind;

    /// <exception cref="ArgumentException">Two rows for one resource or kind.</exception>
    public KindRegistry(IEnumerable<KindDefinition> kinds)
    {
        // The core group comes first, then groups by name; within a group-version, resources by name.
        All = [.. kinds
            .OrderBy(k => k.Gvk.Group, StringComparer.Ordinal)
            .ThenBy(k => k.Gvk.Version, StringComparer.Ordinal)
            .ThenBy(k => k.Plural, StringComparer.Ordinal)];
        GroupVersions = [.. All.GroupBy(k => (k.Gvk.Group, k.Gvk.Version)).Select(g => new GroupVersionKinds(g.Key.Group, g.Key.Version, [.. g]))];
        _byResource = All.ToFrozenDictionary(k => (k.Gvk.Group, k.Gvk.Version, k.Plural));
        _byKind = All.ToFrozenDictionary(k => k.Gvk);
    }

    /// <summary>The kinds that every server has.</summary>
    public static KindRegistry BuiltIn { get; } = new(BuiltInKinds.All());

    public IReadOnlyList<KindDefinition> All { get; }

    /// <summary>The same rows by group and version.</summary>
    public IReadOnlyList<GroupVersionKinds> GroupVersions { get; }

    /// <summary>The kind that a path names, or null.</summary>
    public KindDefinition? Find(string group, string version, string plural) => _byResource.GetValueOrDefault((group, version, plural));

    /// <summary>The kind that a document names, or null.</summary>
    public KindDefinition? Find(GroupVersionKind kind) => _byKind.GetValueOrDefault(kind);
}

/// <summary>The kinds of one version of one group.</summary>
public sealed record GroupVersionKinds(string Group, string Version, IReadOnlyList<KindDefinition> Kinds)
{
    /// <summary>What <c>apiVersion</c> says: <c>v1</c>, <c>apps/v1</c>.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The root of its paths without the leading slash: <c>api/v1</c>, <c>apis/apps/v1</c>.</summary>
    public string Root => Group.Length == 0 ? $"api/{Version}" : $"apis/{Group}/{Version}";
}
