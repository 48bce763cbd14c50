using Petrel.Faults.Capabilities;
using Petrel.Model.Determinism;

namespace Petrel.Faults.Definitions;

/// <summary>A container exits by itself.</summary>
/// <param name="Choice">Selects the container: its index among the node's running containers, modulo their number.</param>
/// <param name="ExitCode">The container's exit code.</param>
public sealed record ContainerExit(int Choice = 0, int ExitCode = 1) : FaultParameters
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanEndContainers, ContainerExit>
        {
            Name = "container-exit",
            Weight = 3,
            NeedsNode = true,
            Draw = static draw =>
            {
                var node = draw.Node();
                return new(new(draw.Entropy.Next(1000), draw.Entropy.Next(3)), node);
            },
            Strike = static (cluster, fault, stop) =>
                cluster.EndContainerAsync(fault.Target, fault.Parameters.Choice, fault.Parameters.ExitCode, stop).AsTask(),
            Describe = static (who, parameters) => $"a container on {who} exits with {parameters.ExitCode}",
        };
}
