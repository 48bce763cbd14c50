using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>An agent is killed and restarted. The node's containers keep running.</summary>
public static class AgentRestart
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanRestart, NoParameters>
        {
            Name = "agent-restart",
            Weight = 4,
            NeedsNode = true,
            Draw = static draw => new(new(), draw.Node(), draw.Restart()),
            Strike = static (cluster, fault, stop) => fault.DuringAsync(cluster.KillAsync(fault.Target, stop), stop),
            Describe = static (who, _) => $"the agent of {who} is down",
        };
}
