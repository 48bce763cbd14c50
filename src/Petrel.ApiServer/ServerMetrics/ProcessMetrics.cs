using Petrel.Model.Documents;
using Petrel.Model.Metrics;

namespace Petrel.ApiServer.ServerMetrics;

/// <summary>What the process uses.</summary>
internal static class ProcessMetrics
{
    public static void Add(MetricRegistry registry, string version)
    {
        var build = registry.Gauge("kubernetes_build_info", "The version, as labels of the number 1.", "major", "minor", "git_version");
        build.Of("1", "35", version).Set(1);
        var cpu = registry.Counter("process_cpu_seconds_total", "Processor time of the process, in seconds.").Of();
        var resident = registry.Gauge("process_resident_memory_bytes", "Resident memory, in bytes.").Of();
        var open = registry.Gauge("process_open_fds", "Open file descriptors.").Of();
        var allocated = registry
            .Counter("dotnet_gc_heap_allocated_bytes_total", "Bytes allocated on the managed heap since the process started.")
            .Of();
        var heap = registry
            .Gauge("dotnet_gc_last_collection_heap_size_bytes", "Size of the managed heap after the latest garbage collection, in bytes.")
            .Of();
        var paused = registry
            .Counter("dotnet_gc_pause_time_seconds_total", "Time for which garbage collections have held the process up, in seconds.")
            .Of();
        registry.BeforeReading(() =>
        {
            cpu.Set(Environment.CpuUsage.TotalTime.TotalSeconds);
            resident.Set(Environment.WorkingSet);
            open.Set(OpenDescriptors());
            allocated.Set(GC.GetTotalAllocatedBytes());
            heap.Set(GC.GetGCMemoryInfo(GCKind.Any).HeapSizeBytes);
            paused.Set(GC.GetTotalPauseDuration().TotalSeconds);
        });
    }

    private static int OpenDescriptors()
    {
        try
        {
            return Directory.GetFiles("/proc/self/fd").Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not on Linux, or no descriptor is left to read the list with.
            return 0;
        }
    }
}
