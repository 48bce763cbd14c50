using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Kinds;
using Petrel.Model.Metrics;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>How many objects of each resource are stored.</summary>
internal static class StorageMetrics
{
    public static void Add(MetricRegistry registry, KindRegistry kinds, CacheHub caches)
    {
        var objects = registry.Gauge("apiserver_storage_objects", "Stored objects of each resource.", "resource");
        var byGroup = registry.Gauge("apiserver_resource_objects", "Stored objects of each resource.", "group", "resource");
        registry.BeforeReading(() =>
        {
            foreach (var kind in kinds.All.DistinctBy(static k => k.StorePrefix))
            {
                if (caches.Find(kind) is { } cache)
                {
                    var count = cache.Current.Objects.Count;
                    var group = kind.Gvk.Group;
                    objects.Of(group.Length == 0 ? kind.Plural : $"{kind.Plural}.{group}").Set(count);
                    byGroup.Of(group, kind.Plural).Set(count);
                }
            }
        });
    }
}
