namespace Petrel.Scheduler.Settings;

/// <summary>
/// How the pods of one <c>spec.schedulerName</c> are scheduled (upstream: KubeSchedulerProfile): upstream's default plugins with these
/// changes.
/// </summary>
public sealed record ProfileSettings
{
    /// <summary>The pods whose <c>spec.schedulerName</c> is this.</summary>
    public string SchedulerName { get; init; } = "default-scheduler";

    /// <summary>The names of plugins to use that are not on by default.</summary>
    public IReadOnlyList<string> Enabled { get; init; } = [];

    /// <summary>The names of plugins not to use; <c>*</c> for all that are not enabled by name.</summary>
    public IReadOnlyList<string> Disabled { get; init; } = [];

    /// <summary>The names of plugins that filter but do not score.</summary>
    public IReadOnlyList<string> DisabledScores { get; init; } = [];

    /// <summary>The weights of scores that differ from the default; at least 1.</summary>
    public IReadOnlyDictionary<string, int> Weights { get; init; } = new Dictionary<string, int>();

    /// <summary>
    /// The search for nodes ends after this many feasible ones, in percent of all nodes. 0 adapts to the cluster's size. Null takes the
    /// scheduler's setting.
    /// </summary>
    public int? PercentageOfNodesToScore { get; init; }

    public NodeResourcesFitArgs NodeResourcesFit { get; init; } = new();

    public BalancedAllocationArgs NodeResourcesBalancedAllocation { get; init; } = new();

    public NodeAffinityArgs NodeAffinity { get; init; } = new();

    public InterPodAffinityArgs InterPodAffinity { get; init; } = new();

    public PodTopologySpreadArgs PodTopologySpread { get; init; } = new();

    public VolumeBindingArgs VolumeBinding { get; init; } = new();
}
