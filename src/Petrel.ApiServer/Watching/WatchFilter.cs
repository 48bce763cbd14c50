using Petrel.ApiServer.Caching;
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

    private bool Sees(WireObject value) =>
        value.Path.StartsWith(pathPrefix, StringComparison.Ordinal) && (options.SelectsAll || options.Matches(value));
}
