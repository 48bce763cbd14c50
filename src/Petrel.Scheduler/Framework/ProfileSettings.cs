namespace Petrel.Scheduler.Framework;

/// <summary>
/// How pods of one <c>spec.schedulerName</c> are scheduled (upstream: KubeSchedulerProfile): upstream's default plugins, with what is said
/// here changed.
/// </summary>
public sealed record ProfileSettings
{
    /// <summary>The pods whose <c>spec.schedulerName</c> is this.</summary>
    public string SchedulerName { get; init; } = "default-scheduler";

    /// <summary>Plugins to use that are not on by default, by name.</summary>
    public IReadOnlyList<string> Enabled { get; init; } = [];

    /// <summary>Plugins not to use, by name; <c>*</c> is all that are not enabled by name.</summary>
    public IReadOnlyList<string> Disabled { get; init; } = [];

    /// <summary>Plugins that filter but don't score, by name.</summary>
    public IReadOnlyList<string> DisabledScores { get; init; } = [];

    /// <summary>What plugins' scores are multiplied by, where that differs from the default; from 1 up.</summary>
    public IReadOnlyDictionary<string, int> Weights { get; init; } = new Dictionary<string, int>();

    /// <summary>
    /// After so many feasible nodes, in percent of all, the search ends; 0 adapts to the cluster's size; null is as the scheduler's
    /// settings say.
    /// </summary>
    public int? PercentageOfNodesToScore { get; init; }

    public NodeResourcesFitArgs NodeResourcesFit { get; init; } = new();

    public BalancedAllocationArgs NodeResourcesBalancedAllocation { get; init; } = new();

    public NodeAffinityArgs NodeAffinity { get; init; } = new();

    public InterPodAffinityArgs InterPodAffinity { get; init; } = new();

    public PodTopologySpreadArgs PodTopologySpread { get; init; } = new();

    public VolumeBindingArgs VolumeBinding { get; init; } = new();
}
