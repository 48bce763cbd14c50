using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;

namespace Petrel.ApiServer.Watching;

/// <summary>
/// Translates a change for a watcher with selectors: an object that begins to match is added, one that ceases to match is deleted.
/// </summary>
internal sealed class WatchFilter(string pathPrefix, ListOptions options)
{
    /// <summary>The event type; null when the watcher does not see the change.</summary>
    public EventType? TypeOf(CacheEvent change)
    {
        var before = change.Previous is { } previous && Sees(previous);
        var now = change.Object is { } value && Sees(value);
        return (before, now) switch
        {
            (false, true) => EventType.Added,
            (true, true) => EventType.Modified,
            (true, false) => EventType.Deleted,
            _ => null,
        };
    }

    /// <summary>
    /// The most selective field value that all matching objects have; null when there is none. Values are those of the stored version,
    /// so that a watch of another version can use only metadata.
    /// </summary>
    public WatchIndexKey? IndexKeyOf(KindDefinition stored, KindDefinition asked)
    {
        WatchIndexKey? found = pathPrefix.Length > 0 ? new("metadata.namespace", pathPrefix[..^1]) : null;
        foreach (var requirement in options.Fields.Requirements)
        {
            if (requirement.Negated)
            {
                continue;
            }
            if (requirement.Field == "metadata.name")
            {
                return new(requirement.Field, requirement.Value);
            }
            if (ReferenceEquals(stored, asked) && requirement.Value.Length > 0)
            {
                found = new(requirement.Field, requirement.Value);
            }
        }
        return found;
    }

    private bool Sees(WireObject value) =>
        value.Path.StartsWith(pathPrefix, StringComparison.Ordinal) && (options.SelectsAll || options.Matches(value));
}
