using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;

namespace Petrel.ApiServer.Watching;

/// <summary>What a change means to a watcher that sees only some objects: those that begin or cease to match come and go.</summary>
internal sealed class WatchFilter(string pathPrefix, ListOptions options)
{
    /// <summary>Null when it means nothing.</summary>
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
    /// The one value of a field that all it sees have, the rarest that is asked for; null when there is none. Fields are those of the
    /// stored version of the kind, so that another one can only tell by what they have in common.
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
