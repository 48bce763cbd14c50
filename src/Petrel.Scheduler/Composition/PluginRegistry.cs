using Petrel.Scheduler.Filters;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Preemption;
using Petrel.Scheduler.Scores;

namespace Petrel.Scheduler.Composition;

/// <summary>A plugin that profiles can enable and disable. A filter and a score of the same name are two parts of it.</summary>
internal sealed record PluginEntry(string Name, params IReadOnlyList<Func<PluginContext, IPlugin>> Parts)
{
    /// <summary>The weight of its scores, unless a profile sets another one.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Whether it is enabled, unless a profile says otherwise.</summary>
    public bool OnByDefault { get; init; } = true;
}

/// <summary>
/// The built-in plugins, in the order in which they are asked. It is upstream's order: the first plugin that refuses a node gives the
/// reason.
/// </summary>
internal static class PluginRegistry
{
    public static IReadOnlyList<PluginEntry> BuiltIn { get; } =
    [
        new("SchedulingGates", _ => new SchedulingGates()),
        new("NodeUnschedulable", _ => new NodeUnschedulableFilter()),
        new("NodeName", _ => new NodeNameFilter()),
        new("TaintToleration", _ => new TaintTolerationFilter(), _ => new TaintTolerationScore()) { Weight = 3 },
        new("NodeAffinity", c => new NodeAffinityFilter(c.Settings.NodeAffinity), c => new NodeAffinityScore(c.Settings.NodeAffinity))
        {
            Weight = 2,
        },
        new("NodePorts", _ => new NodePortsFilter()),
        new(
            "NodeResourcesFit",
            c => new NodeResourcesFitFilter(c.Settings.NodeResourcesFit),
            c => new NodeResourcesFitScore(c.Settings.NodeResourcesFit)
        ),
        new("VolumeRestrictions", c => new VolumeRestrictionsFilter(c.Objects)),
        new("NodeVolumeLimits", c => new NodeVolumeLimitsFilter(c.Objects)),
        new("VolumeBinding", c => new VolumeBindingPlugin(c.Cluster, c.Objects, c.Settings.VolumeBinding, c.Client, c.Time)),
        new("VolumeZone", c => new VolumeZoneFilter(c.Objects)),
        new(
            "PodTopologySpread",
            c => new PodTopologySpreadFilter(c.Settings.PodTopologySpread),
            c => new PodTopologySpreadScore(c.Settings.PodTopologySpread)
        )
        {
            Weight = 2,
        },
        new("InterPodAffinity", _ => new InterPodAffinityFilter(), c => new InterPodAffinityScore(c.Settings.InterPodAffinity))
        {
            Weight = 2,
        },
        new("NodeResourcesBalancedAllocation", c => new BalancedAllocationScore(c.Settings.NodeResourcesBalancedAllocation)),
        new("ImageLocality", _ => new ImageLocalityScore()),
        new(DefaultPreemption.PluginName, c => new DefaultPreemption(c.Cluster, c.Objects, c.Entropy, c.Preemptor, c.RunInLoop, c.Requeue)),
    ];
}
