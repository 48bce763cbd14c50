using System.Collections.Frozen;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;

namespace Petrel.Simulation.Timelines;

/// <summary>An object as its store key names it.</summary>
/// <param name="Resource">The plural name.</param>
/// <param name="Singular">The singular name, as far as it is known.</param>
/// <param name="Path"><c>NAMESPACE/NAME</c>, or only the name.</param>
public sealed record StoredObject(string Resource, string Singular, string Path)
{
    private const string Root = "/registry/";

    private static readonly FrozenDictionary<string, string> Singulars = BuiltInKinds
        .Registry.All.GroupBy(k => k.StorePrefix)
        .ToFrozenDictionary(g => g.Key, g => g.First().Singular);

    /// <summary>As people say it: <c>deployment/web</c>; the default namespace is left out.</summary>
    public string Title => $"{Singular}/{(Path.StartsWith("default/", StringComparison.Ordinal) ? Path["default/".Length..] : Path)}";

    /// <summary>Null when the key is not that of an object.</summary>
    public static StoredObject? Of(string key)
    {
        if (!key.StartsWith(Root, StringComparison.Ordinal) || key[Root.Length..].Split('/', 3) is not [_, var resource, var path])
        {
            return null;
        }
        return new(resource, Singulars.GetValueOrDefault(key[..^path.Length], resource), path);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Resource}/{Path}";
}
