using k8s.Models;

namespace Petrel.Workloads;

/// <summary>
/// Amounts of resources by name, as whole numbers for fast arithmetic (upstream: the scheduler framework's <c>Resource</c>): CPU in
/// thousandths, memory and ephemeral storage in bytes, extended resources and huge pages in whole units. Mutable.
/// </summary>
public sealed class ResourceList
{
    /// <summary>CPU, counted in thousandths.</summary>
    public const string CpuName = "cpu";

    /// <summary>Memory, counted in bytes.</summary>
    public const string MemoryName = "memory";

    /// <summary>Local storage for logs, emptyDir volumes and writable layers, counted in bytes.</summary>
    public const string EphemeralStorageName = "ephemeral-storage";

    /// <summary>Only in a node's allocatable: the number of pods that it takes.</summary>
    public const string PodsName = "pods";

    /// <summary>CPU in thousandths.</summary>
    public long MilliCpu { get; set; }

    /// <summary>Memory in bytes.</summary>
    public long Memory { get; set; }

    /// <summary>Ephemeral storage in bytes.</summary>
    public long EphemeralStorage { get; set; }

    /// <summary>Whether CPU was stated, even as zero.</summary>
    public bool HasCpu { get; private set; }

    /// <summary>Whether memory was stated, even as zero.</summary>
    public bool HasMemory { get; private set; }

    /// <summary>Only in a node's allocatable: the number of pods that it takes.</summary>
    public long Pods { get; set; }

    /// <summary>The other resources in the order of their names; null when there are none.</summary>
    public SortedDictionary<string, long>? Others { get; private set; }

    /// <summary>Whether nothing is requested.</summary>
    public bool IsZero => MilliCpu == 0 && Memory == 0 && EphemeralStorage == 0 && Others is null;

    /// <summary>Reads a resource list of the API. Null means no resources.</summary>
    public static ResourceList From(IEnumerable<KeyValuePair<string, ResourceQuantity>>? quantities)
    {
        var amounts = new ResourceList();
        if (quantities is not null)
        {
            foreach (var (name, quantity) in quantities)
            {
                amounts.Set(name, quantity);
            }
        }
        return amounts;
    }

    /// <summary>Sets the amount of one resource. Fractions of a unit round up, as upstream's Value and MilliValue.</summary>
    public void Set(string name, ResourceQuantity quantity)
    {
        switch (name)
        {
            case CpuName:
                MilliCpu = Whole(quantity.ToDecimal() * 1000);
                HasCpu = true;
                break;
            case MemoryName:
                Memory = Whole(quantity.ToDecimal());
                HasMemory = true;
                break;
            case EphemeralStorageName:
                EphemeralStorage = Whole(quantity.ToDecimal());
                break;
            case PodsName:
                Pods = Whole(quantity.ToDecimal());
                break;
            default:
                (Others ??= new(StringComparer.Ordinal))[name] = Whole(quantity.ToDecimal());
                break;
        }
    }

    /// <summary>CPU, memory and ephemeral storage, then the other resources that are present. The number of pods is left out.</summary>
    public IEnumerable<(string Name, long Amount)> All
    {
        get
        {
            yield return (CpuName, MilliCpu);
            yield return (MemoryName, Memory);
            yield return (EphemeralStorageName, EphemeralStorage);
            if (Others is not null)
            {
                foreach (var (name, amount) in Others)
                {
                    yield return (name, amount);
                }
            }
        }
    }

    /// <summary>The amount of one resource; zero when it is absent.</summary>
    public long Of(string name) =>
        name switch
        {
            CpuName => MilliCpu,
            MemoryName => Memory,
            EphemeralStorageName => EphemeralStorage,
            _ => Other(name),
        };

    /// <summary>The amount of one extended resource or huge page size; zero when it is absent.</summary>
    public long Other(string name) => Others?.GetValueOrDefault(name) ?? 0;

    /// <summary>Adds the other amounts to these, or subtracts them with the sign -1.</summary>
    public void Add(ResourceList other, int sign = 1)
    {
        MilliCpu += sign * other.MilliCpu;
        Memory += sign * other.Memory;
        EphemeralStorage += sign * other.EphemeralStorage;
        if (other.Others is null)
        {
            return;
        }
        foreach (var (name, amount) in other.Others)
        {
            Others ??= new(StringComparer.Ordinal);
            Others[name] = Others.GetValueOrDefault(name) + sign * amount;
        }
    }

    /// <summary>Raises each amount to the other one where that is larger.</summary>
    public void RaiseTo(ResourceList other)
    {
        MilliCpu = Math.Max(MilliCpu, other.MilliCpu);
        Memory = Math.Max(Memory, other.Memory);
        EphemeralStorage = Math.Max(EphemeralStorage, other.EphemeralStorage);
        HasCpu |= other.HasCpu;
        HasMemory |= other.HasMemory;
        if (other.Others is null)
        {
            return;
        }
        foreach (var (name, amount) in other.Others)
        {
            Others ??= new(StringComparer.Ordinal);
            Others[name] = Math.Max(Others.GetValueOrDefault(name), amount);
        }
    }

    /// <summary>Takes CPU and memory from the defaults where these do not state them.</summary>
    public void FillMissing(ResourceList defaults)
    {
        if (!HasCpu && defaults.HasCpu)
        {
            MilliCpu = defaults.MilliCpu;
        }
        if (!HasMemory && defaults.HasMemory)
        {
            Memory = defaults.Memory;
        }
    }

    private static long Whole(decimal amount) => amount >= long.MaxValue ? long.MaxValue : (long)Math.Ceiling(amount);
}
