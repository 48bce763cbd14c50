using Petrel.Faults.Capabilities;

namespace Petrel.Faults.Definitions;

/// <summary>A control plane process is killed and restarted.</summary>
public static class ProgramRestart
{
    public static FaultDefinition Server { get; } = Of(ClusterProcess.Server, weight: 3, "the server is down");

    public static FaultDefinition Controllers { get; } = Of(ClusterProcess.Controllers, weight: 4, "the controllers are down");

    public static FaultDefinition Scheduler { get; } = Of(ClusterProcess.Scheduler, weight: 3, "the scheduler is down");

    private static FaultDefinition<ICanRestart, NoParameters> Of(string process, int weight, string description) =>
        new()
        {
            Name = $"{process}-restart",
            Weight = weight,
            Draw = static draw => new(new(), Duration: draw.Restart()),
            Strike = (cluster, fault, stop) => fault.DuringAsync(cluster.KillAsync(process, stop), stop),
            Describe = (_, _) => description,
        };
}
