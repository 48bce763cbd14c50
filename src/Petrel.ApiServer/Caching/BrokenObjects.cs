using System.Text;
using Microsoft.Extensions.Logging;
using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Caching;

/// <summary>
/// The stored objects that can't be read. They are set aside: lists, watches and everything that follows them go on without them, and they
/// can be deleted by name.
/// </summary>
internal sealed partial class BrokenObjects(ILogger log)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, BrokenObject> _byKey = new(StringComparer.Ordinal);

    /// <summary>The version of the key that is set aside; null when there is none.</summary>
    public BrokenObject? Find(string storeKey)
    {
        lock (_gate)
        {
            return _byKey.GetValueOrDefault(storeKey);
        }
    }

    /// <summary>The paths below the kind's prefix of what is set aside, of one namespace or of all.</summary>
    public IReadOnlyList<string> Under(KindDefinition kind, string pathPrefix)
    {
        lock (_gate)
        {
            return
            [
                .. _byKey
                    .Keys.Where(k => k.StartsWith(kind.StorePrefix + pathPrefix, StringComparison.Ordinal))
                    .Select(k => k[kind.StorePrefix.Length..]),
            ];
        }
    }

    /// <summary>Sets an object aside.</summary>
    public void Add(KindDefinition kind, string path, long revision, string problem)
    {
        lock (_gate)
        {
            _byKey[kind.StorePrefix + path] = new(kind, revision, problem);
        }
        LogBroken(log, kind.Plural, path, revision, problem);
    }

    /// <summary>The object is deleted, or written again.</summary>
    public void Remove(string storeKey)
    {
        lock (_gate)
        {
            if (_byKey.Count > 0)
            {
                _byKey.Remove(storeKey);
            }
        }
    }

    /// <summary>How many there are of each resource, in the Prometheus text format.</summary>
    public string Metrics()
    {
        var text = new StringBuilder(
            "# HELP petrel_storage_broken_objects Stored objects that can not be read and are set aside.\n"
        ).Append("# TYPE petrel_storage_broken_objects gauge\n");
        lock (_gate)
        {
            foreach (var broken in _byKey.Values.GroupBy(b => (b.Kind.Gvk.Group, b.Kind.Plural)))
            {
                var (group, resource) = broken.Key;
                text.Append($"petrel_storage_broken_objects{{group=\"{group}\",resource=\"{resource}\"}} {broken.Count()}\n");
            }
        }
        return text.ToString();
    }

    [LoggerMessage(
        EventId = 2045,
        Level = LogLevel.Error,
        Message = "The stored object {Resource} {Path} of revision {Revision} is broken and set aside ({Problem}): delete it by its name"
    )]
    private static partial void LogBroken(ILogger logger, string resource, string path, long revision, string problem);
}

/// <summary>A version of an object that can't be read.</summary>
internal sealed record BrokenObject(KindDefinition Kind, long Revision, string Problem);
