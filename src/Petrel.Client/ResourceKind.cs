using Petrel.Model;

namespace Petrel.Client;

/// <summary>A kind as discovery lists it, for clients that have no C# type for it.</summary>
/// <param name="Gvk">The group, version and kind.</param>
/// <param name="Plural">The plural name in request paths.</param>
/// <param name="Namespaced">Whether its objects are namespaced.</param>
/// <param name="Verbs">The verbs that the API supports for it.</param>
/// <param name="Preferred">Whether this is the kind's preferred version. Each kind is preferred in exactly one version.</param>
public sealed record ResourceKind(GroupVersionKind Gvk, string Plural, bool Namespaced, IReadOnlyList<string> Verbs, bool Preferred)
{
    /// <summary>The path of the collection in all namespaces, which also identifies the kind.</summary>
    public string Root { get; } = $"{RootOf(Gvk.ApiVersion)}/{Plural}";

    /// <summary>The path of one object, or of the namespace's collection when <paramref name="name"/> is null.</summary>
    public string Path(string namespaceName, string? name = null)
    {
        var scope = Namespaced && namespaceName.Length > 0 ? $"/namespaces/{namespaceName}" : "";
        var tail = name is null ? "" : $"/{name}";
        return $"{RootOf(Gvk.ApiVersion)}{scope}/{Plural}{tail}";
    }

    public string Path(ObjectKey key) => Path(key.Namespace, key.Name);

    /// <summary>Whether the kind supports all of these verbs.</summary>
    public bool Supports(params ReadOnlySpan<string> verbs)
    {
        foreach (var verb in verbs)
        {
            if (!Verbs.Contains(verb))
            {
                return false;
            }
        }
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Gvk.Group.Length == 0 ? Plural : $"{Plural}.{Gvk.Group}";

    /// <summary>The path at which discovery lists the kinds of a group and version.</summary>
    internal static string RootOf(string apiVersion) =>
        apiVersion.Contains('/', StringComparison.Ordinal) ? $"/apis/{apiVersion}" : $"/api/{apiVersion}";
}
