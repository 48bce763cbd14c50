using System.Globalization;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>The process metrics, in the Prometheus text format.</summary>
internal static class ProcessMetrics
{
    /// <param name="waiting">How many requests wait for a concurrency slot.</param>
    public static string Text(int waiting) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            # HELP apiserver_current_inqueue_requests Number of requests that wait for their turn.
            # TYPE apiserver_current_inqueue_requests gauge
            apiserver_current_inqueue_requests {waiting}
            # HELP dotnet_gc_heap_allocated_bytes_total Bytes allocated on the managed heap since the process started.
            # TYPE dotnet_gc_heap_allocated_bytes_total counter
            dotnet_gc_heap_allocated_bytes_total {GC.GetTotalAllocatedBytes()}
            # HELP dotnet_gc_last_collection_heap_size_bytes The managed heap size after the latest garbage collection.
            # TYPE dotnet_gc_last_collection_heap_size_bytes gauge
            dotnet_gc_last_collection_heap_size_bytes {GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes}
            # HELP dotnet_gc_pause_time_seconds_total Time for which garbage collections have held the process up.
            # TYPE dotnet_gc_pause_time_seconds_total counter
            dotnet_gc_pause_time_seconds_total {GC.GetTotalPauseDuration().TotalSeconds}
            # HELP process_resident_memory_bytes Resident memory size in bytes.
            # TYPE process_resident_memory_bytes gauge
            process_resident_memory_bytes {Environment.WorkingSet}

            """
        );
}
