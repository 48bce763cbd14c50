using k8s.Models;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// Amounts of resources: CPU in thousandths, memory and ephemeral storage in bytes, everything else (extended resources, huge
/// pages) in whole units by name.
/// </summary>
internal sealed class ResourceAmounts
{
    public const string CpuName = "cpu";
    public const string MemoryName = "memory";
    public const string EphemeralStorageName = "ephemeral-storage";
    public const string PodsName = "pods";

    public long MilliCpu { get; set; }

    public long Memory { get; set; }

    public long EphemeralStorage { get; set; }

    /// <summary>Whether CPU was named, be it with zero.</summary>
    public bool HasCpu { get; private set; }

    /// <summary>Whether memory was named, be it with zero.</summary>
    public bool HasMemory { get; private set; }

    /// <summary>Only of a node's allocatable: how many pods it takes.</summary>
    public long Pods { get; set; }

    /// <summary>Null when there are none.</summary>
    public SortedDictionary<string, long>? Others { get; private set; }

    public bool IsZero => MilliCpu == 0 && Memory == 0 && EphemeralStorage == 0 && Others is null;

    public static ResourceAmounts From(IEnumerable<KeyValuePair<string, ResourceQuantity>>? quantities)
    {
        var amounts = new ResourceAmounts();
        if (quantities is not null)
        {
            foreach (var (name, quantity) in quantities)
            {
                amounts.Set(name, quantity);
            }
        }
        return amounts;
    }

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

    /// <summary>
    /// All but the number of pods, by name: the amounts of CPU, memory and ephemeral storage, then the others that there are.
    /// </summary>
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

    public long Of(string name) =>
        name switch
        {
            CpuName => MilliCpu,
            MemoryName => Memory,
            EphemeralStorageName => EphemeralStorage,
            _ => Other(name),
        };

    public long Other(string name) => Others?.GetValueOrDefault(name) ?? 0;

    public void Add(ResourceAmounts other, int sign = 1)
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

    /// <summary>Raises each amount to at least the other's.</summary>
    public void RaiseTo(ResourceAmounts other)
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

    // Amounts round up, as upstream's Value and MilliValue.
    private static long Whole(decimal amount) => amount >= long.MaxValue ? long.MaxValue : (long)Math.Ceiling(amount);
}
