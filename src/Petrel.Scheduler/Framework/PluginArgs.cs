using k8s.Models;

namespace Petrel.Scheduler.Framework;

/// <summary>A resource that counts in a score, and how much (upstream: ResourceSpec).</summary>
public sealed record ResourceWeight(string Name, int Weight = 1)
{
    internal static IReadOnlyList<ResourceWeight> CpuAndMemory { get; } = [new("cpu"), new("memory")];
}

public enum ScoringStrategy
{
    /// <summary>Prefers what will be left free.</summary>
    LeastAllocated,

    /// <summary>Prefers what is used already: packs.</summary>
    MostAllocated,

    /// <summary>Scores the use by a function of one's own.</summary>
    RequestedToCapacityRatio,
}

/// <summary>
/// A point of the function of RequestedToCapacityRatio: at this use (percent), this score (0 to 10). In between it is linear.
/// </summary>
public readonly record struct UtilizationPoint(int Utilization, int Score);

/// <summary>Upstream: NodeResourcesFitArgs.</summary>
public sealed record NodeResourcesFitArgs
{
    /// <summary>Extended resources that the scheduler doesn't look at.</summary>
    public IReadOnlyList<string> IgnoredResources { get; init; } = [];

    /// <summary>Groups of extended resources (what is before the slash) that the scheduler doesn't look at.</summary>
    public IReadOnlyList<string> IgnoredResourceGroups { get; init; } = [];

    public ScoringStrategy Strategy { get; init; } = ScoringStrategy.LeastAllocated;

    public IReadOnlyList<ResourceWeight> Resources { get; init; } = ResourceWeight.CpuAndMemory;

    /// <summary>Of RequestedToCapacityRatio; in ascending order of utilization.</summary>
    public IReadOnlyList<UtilizationPoint> Shape { get; init; } = [new(0, 0), new(100, 10)];
}

/// <summary>Upstream: NodeResourcesBalancedAllocationArgs.</summary>
public sealed record BalancedAllocationArgs
{
    public IReadOnlyList<ResourceWeight> Resources { get; init; } = ResourceWeight.CpuAndMemory;
}

/// <summary>Upstream: NodeAffinityArgs.</summary>
public sealed record NodeAffinityArgs
{
    /// <summary>Node affinity that every pod of the profile has in addition to its own.</summary>
    public V1NodeAffinity? AddedAffinity { get; init; }
}

/// <summary>Upstream: InterPodAffinityArgs.</summary>
public sealed record InterPodAffinityArgs
{
    /// <summary>How much the required affinity of pods that are there counts as a preference for those they want near; 0 to 100.</summary>
    public int HardPodAffinityWeight { get; init; } = 1;

    public bool IgnorePreferredTermsOfExistingPods { get; init; }
}

public enum DefaultSpread
{
    /// <summary>Upstream's: over nodes with a skew of 3 and zones with a skew of 5, softly.</summary>
    System,

    /// <summary>Those of <see cref="PodTopologySpreadArgs.DefaultConstraints"/>.</summary>
    List,
}

/// <summary>Upstream: PodTopologySpreadArgs.</summary>
public sealed record PodTopologySpreadArgs
{
    public DefaultSpread Defaulting { get; init; }

    /// <summary>For pods that state no constraints; without selectors: these come from the pod's Services and owner.</summary>
    public IReadOnlyList<V1TopologySpreadConstraint> DefaultConstraints { get; init; } = [];
}

/// <summary>Upstream: VolumeBindingArgs.</summary>
public sealed record VolumeBindingArgs
{
    /// <summary>How long a pod's binding waits for its claims to be bound.</summary>
    public TimeSpan BindTimeout { get; init; } = TimeSpan.FromMinutes(10);
}
