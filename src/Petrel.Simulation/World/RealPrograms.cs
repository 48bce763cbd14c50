using Petrel.Agent;
using Petrel.Agent.Probes;
using Petrel.Client;
using Petrel.Controllers;

namespace Petrel.Simulation.World;

/// <summary>The cluster's own programs, as they run live but for what they are given: time, randomness, a network and machines.</summary>
public static class RealPrograms
{
    // Short enough for a lost node to be noticed, and to come back, several times in one run.
    private static readonly TimeSpan NodeGrace = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LeaseRenewal = TimeSpan.FromSeconds(5);

    /// <summary>The controllers, and beside them who makes volumes for claims.</summary>
    public static Task Controllers(ProgramContext context, CancellationToken cancellationToken) => Loops.RunTogetherAsync(
        cancellationToken,
        stop => Manager(context).RunAsync(stop),
        stop => VolumeProvisioner.RunAsync(context, stop));

    private static ControllerManager Manager(ProgramContext context) =>
        new(
            context.Client, context.Time, context.Entropy, new ControllerSettings { NodeMonitorGracePeriod = NodeGrace, NodeMonitorPeriod = LeaseRenewal }, context.Logs);

    public static Task Agent(AgentContext context, CancellationToken cancellationToken)
    {
        var machine = context.Machine;
        var settings = new AgentSettings
        {
            NodeName = machine.NodeName,
            NodeAddress = $"10.200.255.{machine.Number}",
            PodCidr = machine.PodCidr,
            MilliCpu = 4000,
            LeaseDuration = NodeGrace,
            LeaseRenewInterval = LeaseRenewal,
        };
        return new NodeAgent(
            settings, context.Client, machine.Runtime, machine.Files, new SimulatedProber(), context.Time, context.Entropy, context.Logs)
        .RunAsync(cancellationToken);
    }
}
