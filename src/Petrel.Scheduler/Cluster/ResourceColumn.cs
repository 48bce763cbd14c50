namespace Petrel.Scheduler.Cluster;

/// <summary>
/// One resource on every node, by slot: the allocatable amount and the sum of requests. CPU is in thousandths, memory and storage in
/// bytes.
/// </summary>
internal sealed class ResourceColumn(string name, int slots)
{
    private long[] _allocatable = new long[slots];
    private long[] _requested = new long[slots];

    public string Name { get; } = name;

    public long[] Allocatable => _allocatable;

    public long[] Requested => _requested;

    public void Grow(int slots)
    {
        Array.Resize(ref _allocatable, slots);
        Array.Resize(ref _requested, slots);
    }
}
