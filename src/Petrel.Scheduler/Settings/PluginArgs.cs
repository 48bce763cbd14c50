using k8s.Models;

namespace Petrel.Scheduler.Settings;

/// <summary>A resource that counts in a score, and its weight (upstream: ResourceSpec).</summary>
public sealed record ResourceWeight(string Name, int Weight = 1)
{
    internal static IReadOnlyList<ResourceWeight> CpuAndMemory { get; } = [new("cpu"), new("memory")];
}

public enum ScoringStrategy
{
    /// <summary>Prefers nodes with the most resources left: spreads pods.</summary>
    LeastAllocated,

    /// <summary>Prefers nodes with the least resources left: packs pods.</summary>
    MostAllocated,

    /// <summary>Scores the utilization by a function that the profile gives.</summary>
    RequestedToCapacityRatio,
}

/// <summary>
/// A point of the function of RequestedToCapacityRatio: the score (0 to 10) at this utilization (percent). It is linear between points.
/// </summary>
public readonly record struct UtilizationPoint(int Utilization, int Score);

/// <summary>Upstream: NodeResourcesFitArgs.</summary>
public sealed record NodeResourcesFitArgs
{
    /// <summary>Extended resources that the filter ignores.</summary>
    public IReadOnlyList<string> IgnoredResources { get; init; } = [];

    /// <summary>Groups of extended resources (the part before the slash) that the filter ignores.</summary>
    public IReadOnlyList<string> IgnoredResourceGroups { get; init; } = [];

    public ScoringStrategy Strategy { get; init; } = ScoringStrategy.LeastAllocated;

    public IReadOnlyList<ResourceWeight> Resources { get; init; } = ResourceWeight.CpuAndMemory;

    /// <summary>The function of RequestedToCapacityRatio, in ascending order of utilization.</summary>
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
    /// <summary>Node affinity of every pod of the profile, in addition to its own.</summary>
    public V1NodeAffinity? AddedAffinity { get; init; }
}

/// <summary>Upstream: InterPodAffinityArgs.</summary>
public sealed record InterPodAffinityArgs
{
    /// <summary>The weight of required affinity terms of running pods as preferences for the pods that they select; 0 to 100.</summary>
    public int HardPodAffinityWeight { get; init; } = 1;

    public bool IgnorePreferredTermsOfExistingPods { get; init; }
}

public enum DefaultSpread
{
    /// <summary>Upstream's: ScheduleAnyway over nodes with a skew of 3 and over zones with a skew of 5.</summary>
    System,

    /// <summary>The constraints of <see cref="PodTopologySpreadArgs.DefaultConstraints"/>.</summary>
    List,
}

/// <summary>Upstream: PodTopologySpreadArgs.</summary>
public sealed record PodTopologySpreadArgs
{
    public DefaultSpread Defaulting { get; init; }

    /// <summary>The constraints of pods that state none. They have no selectors: these come from the pod's Services and owner.</summary>
    public IReadOnlyList<V1TopologySpreadConstraint> DefaultConstraints { get; init; } = [];
}

/// <summary>Upstream: VolumeBindingArgs.</summary>
public sealed record VolumeBindingArgs
{
    /// <summary>How long the binding of a pod waits until its claims are bound.</summary>
    public TimeSpan BindTimeout { get; init; } = TimeSpan.FromMinutes(10);
}
