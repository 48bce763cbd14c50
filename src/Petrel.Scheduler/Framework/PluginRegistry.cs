using Petrel.Scheduler.Filters;
using Petrel.Scheduler.Preemption;
using Petrel.Scheduler.Scores;

namespace Petrel.Scheduler.Framework;

/// <summary>
/// A plugin that profiles can switch on and off, of one or more parts: its weight as a score, and whether it is on unless a profile says
/// otherwise.
/// </summary>
internal sealed record PluginEntry(string Name, params IReadOnlyList<Func<PluginContext, IPlugin>> Parts)
{
    public int Weight { get; init; } = 1;

    public bool OnByDefault { get; init; } = true;
}

/// <summary>
/// The plugins there are, in the order in which they are asked (upstream's order, which decides what a refused node's reason is).
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
        new("VolumeBinding", c => new VolumeBindingPlugin(c)),
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
        new(DefaultPreemption.PluginName, c => new DefaultPreemption(c)),
    ];
}
