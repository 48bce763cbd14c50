using Petrel.Agent;
using Petrel.Agent.Nodes;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Volumes;
using Petrel.Client;
using Petrel.Controllers.Composition;
using Petrel.Controllers.Configuration;
using Petrel.Scheduler;
using Petrel.Scheduler.Settings;

namespace Petrel.Simulation.World;

/// <summary>
/// The cluster's own programs. Only what they are given differs from a live cluster: time, randomness, network and machines.
/// </summary>
public static class RealPrograms
{
    /// <summary>The controllers, and the provisioner that makes volumes for claims.</summary>
    public static Task Controllers(ProgramContext context, CancellationToken cancellationToken) =>
        ControllersFor(NodePace.Steady)(context, cancellationToken);

    public static Task Agent(AgentContext context, CancellationToken cancellationToken) =>
        AgentFor(NodePace.Steady)(context, cancellationToken);

    public static Task Scheduler(ProgramContext context, CancellationToken cancellationToken) =>
        new PodScheduler(context.Client, context.Time, context.Entropy, new SchedulerSettings(), context.Logs).RunAsync(cancellationToken);

    /// <summary>The controllers, for a cluster whose nodes report at a pace.</summary>
    public static ClusterProgram ControllersFor(NodePace pace) =>
        (context, cancellationToken) =>
            Loops.RunTogetherAsync(
                cancellationToken,
                stop => Manager(context, pace).RunAsync(stop),
                stop => VolumeProvisioner.RunAsync(context, stop)
            );

    /// <summary>An agent that reports at a pace.</summary>
    public static AgentProgram AgentFor(NodePace pace) =>
        (context, cancellationToken) =>
            AgentOf(context, pace, context.Machine.Runtime, context.Machine.Volumes).RunAsync(cancellationToken);

    /// <summary>An agent over a runtime and volumes that may not be its machine's own.</summary>
    public static NodeAgent AgentOf(AgentContext context, NodePace pace, IContainerRuntime runtime, IPersistentVolumes volumes)
    {
        var machine = context.Machine;
        var settings = new AgentSettings
        {
            NodeName = machine.NodeName,
            NodeAddress = $"10.200.255.{machine.Number}",
            PodCidr = machine.PodCidr,
            MilliCpu = 4000,
            LeaseDuration = pace.Grace,
            LeaseRenewInterval = pace.Renewal,
        };
        return new(
            settings,
            context.Client,
            runtime,
            new SimulatedPodFiles(),
            volumes,
            new SimulatedProber(),
            context.Time,
            context.Entropy,
            context.Logs
        );
    }

    private static ControllerManager Manager(ProgramContext context, NodePace pace) =>
        new(
            context.Client,
            context.Time,
            context.Entropy,
            new ControllerSettings { NodeMonitorGracePeriod = pace.Grace, NodeMonitorPeriod = pace.Renewal },
            context.Logs
        );
}

/// <summary>How soon the loss of a node is noticed.</summary>
/// <param name="Grace">Its lease may be so old.</param>
/// <param name="Renewal">How often it is renewed and looked at.</param>
public readonly record struct NodePace(TimeSpan Grace, TimeSpan Renewal)
{
    /// <summary>Several losses and returns fit in a run of two minutes.</summary>
    public static NodePace Steady { get; } = new(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5));

    /// <summary>As upstream's kubelet has it: a lease of 40 s, renewed each quarter of it.</summary>
    public static NodePace Upstream { get; } = new(TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(10));

    /// <summary>For short runs.</summary>
    public static NodePace Fast { get; } = new(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(3));

    /// <summary>For runs of a day.</summary>
    public static NodePace Slow { get; } = new(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(2));
}
