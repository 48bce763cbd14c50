using System.Runtime.InteropServices;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Returns memory to the operating system while the server is idle. The garbage collector runs when enough memory has been allocated, but
/// an idle server allocates too little. Garbage of the last load and compacted history would stay resident for hours.
/// </summary>
internal static partial class IdleCollection
{
    public static async Task RunAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var policy = new IdleCollectionPolicy(Sample(time));
        while (true)
        {
            await Task.Delay(IdleCollectionPolicy.SampleInterval, time, cancellationToken);
            if (policy.ShouldCollect(Sample(time)))
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                TrimNativeHeap();
                policy.Collected(Sample(time));
            }
        }
    }

    /// <summary>
    /// Returns freed native memory, a minute after the start and every five minutes, without a collection. A third of an agent's private
    /// memory is native, and most of that was only needed to start. Its managed heap is kept small by its settings.
    /// </summary>
    public static async Task TrimAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        await Task.Yield();
        for (var delay = IdleCollectionPolicy.SampleInterval; ; delay = IdleCollectionPolicy.CollectionInterval)
        {
            await Task.Delay(delay, time, cancellationToken);
            TrimNativeHeap();
        }
    }

    private static MemorySample Sample(TimeProvider time) =>
        new(time.GetElapsedTime(0), GC.GetTotalAllocatedBytes(), GC.GetTotalMemory(forceFullCollection: false));

    // TLS, SQLite and the just-in-time compiler allocate native memory, and glibc keeps it after they free it.
    private static void TrimNativeHeap()
    {
        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // musl has no such function.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint padding);
}
