namespace Petrel.Cli.Hosting;

/// <summary>A sample of a process's memory: what it has allocated so far, and the size of its managed heap, garbage included.</summary>
/// <param name="At">The time since any fixed instant.</param>
/// <param name="AllocatedBytes">The total since the process started.</param>
/// <param name="HeapBytes">The size of the managed heap.</param>
internal readonly record struct MemorySample(TimeSpan At, long AllocatedBytes, long HeapBytes);

/// <summary>
/// Decides when an idle process collects its garbage. Allocation is the measure of load, because requests, controllers and the scheduler
/// all allocate. A collection pause would delay each of them.
/// </summary>
internal sealed class IdleCollectionPolicy(MemorySample start)
{
    /// <summary>How often to take a sample.</summary>
    public static readonly TimeSpan SampleInterval = TimeSpan.FromMinutes(1);

    /// <summary>The minimum time between two collections.</summary>
    public static readonly TimeSpan CollectionInterval = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A process that allocates less than this in a sample interval is idle. The leases and statuses of three nodes take 8 MiB a minute,
    /// and a write takes some 36 KiB.
    /// </summary>
    public const long IdleAllocationBytes = 32L << 20;

    /// <summary>The heap must have grown by this much for a collection to be worthwhile.</summary>
    public const long GrowthBytes = 16L << 20;

    /// <summary>The pause grows with the heap. Above this size, only the collector's own schedule applies.</summary>
    public const long LargestHeapBytes = 256L << 20;

    private MemorySample _previous = start;

    // The first collection is due when the heap has grown from zero by GrowthBytes.
    private MemorySample _collected = start with { HeapBytes = 0 };

    /// <summary>Whether to collect now. Call it once per sample interval.</summary>
    public bool ShouldCollect(MemorySample now)
    {
        var allocated = now.AllocatedBytes - _previous.AllocatedBytes;
        _previous = now;
        return allocated < IdleAllocationBytes
            && now.At - _collected.At >= CollectionInterval
            && now.HeapBytes - _collected.HeapBytes >= GrowthBytes
            && now.HeapBytes <= LargestHeapBytes;
    }

    /// <summary>Records the sample after a collection.</summary>
    public void Collected(MemorySample after) => _collected = _previous = after;
}
